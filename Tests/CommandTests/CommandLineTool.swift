import Basics
import TestSupport

/// The program as its user runs it: a process with arguments, an environment and a working
/// folder.
struct CommandLineTool: Sendable {
    /// The working folder.
    var folder: String
    var environment: [String: String]

    /// What a call leaves.
    struct Result: Sendable {
        /// The exit code, or 128 and the signal, as shells say it; -1 when it took too long.
        let status: Int32
        let output: String
        let errors: String
        let seconds: Double

        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    /// The executable of the build that these tests are part of.
    static let executable: String = {
        // Linux runs the test bundle itself, macOS names it to its runner; the program lies
        // beside the bundle, which on macOS is a folder with the named file deep inside.
        for bundle in CommandLine.arguments where bundle.contains(".xctest") {
            var folder = FileSystem.folder(of: bundle)
            for _ in 0..<4 {
                let path = FileSystem.join(folder, "billion")
                if FileSystem.isFile(path) {
                    // Calls have working folders of their own.
                    guard !path.hasPrefix("/"), let here = try? Paths.workingFolder() else {
                        return path
                    }
                    return FileSystem.join(here, path)
                }
                folder = FileSystem.folder(of: folder)
            }
        }
        return "billion"
    }()

    /// Whether timings say something; the speed task refuses to run when not.
    static let isReleaseBuild: Bool = {
        #if DEBUG
            false
        #else
            true
        #endif
    }()

    /// Whether the program has Swift's library in it, as the launcher builds it.
    static let isLinkedStatically: Bool = {
        let outcome = try? Subprocess("ldd", [executable]).run()
        return outcome.map { $0.succeeded && !$0.outputText.contains("libswift") } ?? false
    }()

    /// Far more than any call here takes on a busy machine.
    static let timeLimit = Duration.seconds(SharedData.runsSlowTests ? 3600 : 300)

    func run(
        _ arguments: String..., input: String = "", setting: [String: String] = [:],
        in folder: String? = nil
    ) throws -> Result {
        try run(arguments, input: input, setting: setting, in: folder)
    }

    func run(
        _ arguments: [String], input: String = "", setting: [String: String] = [:],
        in folder: String? = nil
    ) throws -> Result {
        // The shell is there for its `cd`; `exec` makes it the program itself.
        let process = Subprocess(
            "/bin/sh",
            ["-c", "cd \"$1\" && shift && exec \"$@\"", "sh", folder ?? self.folder]
                + [Self.executable] + arguments,
            environment: environment.merging(setting) { $1 }, input: .bytes(Array(input.utf8)),
            timeLimit: Self.timeLimit)
        let start = ContinuousClock.now
        let outcome = try process.run()
        let time = (ContinuousClock.now - start).components
        let status: Int32 =
            switch outcome.ending {
            case .exited(let code): code
            case .signalled(let signal): 128 + signal
            case .timedOut: -1
            }
        return Result(
            status: status, output: outcome.outputText, errors: outcome.errorText,
            seconds: Double(time.seconds) + Double(time.attoseconds) * 1e-18)
    }
}

extension CommandLineTool {
    /// All that help lists, but `test`, which is the launcher's.
    static let commands = [
        "init", "run", "plan", "validate", "explain", "query", "report", "compare", "export",
        "status", "runs", "log", "cancel", "merge", "submit", "history", "gate", "models",
        "datasets", "chat", "generate", "score", "tokenize", "speed", "perplexity", "kernels",
        "humaneval", "lora", "doctor", "schema", "completion", "man", "install",
    ]
}
