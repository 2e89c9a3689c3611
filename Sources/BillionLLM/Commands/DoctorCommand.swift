import Basics
import Sandbox
import Tensors

/// What this machine is and gives, and whether the sandbox holds on it.
enum DoctorCommand: Command {
    static let specification = CommandSpecification(
        name: "doctor", summary: "describe this machine and try to break out of the sandbox",
        options: [
            .init("python", "PROGRAM", "the interpreter (default python3)")
        ],
        examples: ["billion doctor", "billion doctor --python /usr/bin/python3"])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        Console.print("machine")
        show("processor", "\(Host.processor), \(Host.cores) cores")
        show("memory", "\(Host.facts.memoryBytes >> 20) MiB")
        show("instruction set", KernelVariant.current)
        let bytesPerSecond = MemoryBandwidth.measure(threads: Host.cores)
        show(
            "reading memory",
            "\(NumberFormat.fixed(bytesPerSecond / 1e9, 1)) GB/s, \(Host.cores) threads")
        show("BLAS", BLASLibrary.description)
        show("GPU", graphicsProcessors())
        let python = try PythonInstallation.find(arguments.string("python") ?? "python3")
        show("Python", "\(python.version), \(python.file)")
        return try examine(python)
    }

    private static func examine(_ python: PythonInstallation) throws -> ExitStatus {
        Console.print("sandbox")
        let opening = Sandbox.opening(python: python)
        if case .failure(.refused(let reason)) = opening {
            show("skipped", reason)
            return .failure
        }
        let sandbox = try opening.get()
        for layer in sandbox.layers { show("layer", layer) }
        // One after the other, before the machine is kept busy.
        let easy = CheckedProgram(
            prompt: "def f():\n    pass\n", completion: "", test: "def check(f): pass",
            entryPoint: "f")
        let starts = try sandbox.check(Array(repeating: easy, count: 15), workers: 1)
            .map(\.startDuration).sorted()
        show(
            "median start",
            "\(NumberFormat.fixed(starts[starts.count / 2] / .milliseconds(1), 1)) ms from fork to "
                + "Python's first line")
        let folder = try TrapFolder()
        let trial = try HostileTrial.run(sandbox, workers: Host.cores, folder: folder.path)
        for finding in trial.findings where finding.hasEscaped || finding.verdict.isPass {
            show("BROKEN", "\(finding.sample.name): \(finding.verdict.text)")
        }
        for trace in trial.traces { show("BROKEN", trace) }
        show(
            "hostile set",
            "\(trial.findings.count) programs: \(trial.escapes) escapes, "
                + "\(trial.falsePasses) false passes, \(trial.strays) processes left")
        return trial.holds ? .success : .failure
    }

    private static func show(_ name: String, _ text: String) {
        let padding = String(repeating: " ", count: max(1, 18 - name.count))
        Console.print("  " + name + padding + text)
    }

    /// What the driver's own tool says, if there is one.
    private static func graphicsProcessors() -> String {
        let tool = Subprocess(
            "nvidia-smi", ["--query-gpu=name,memory.total", "--format=csv,noheader"],
            timeLimit: .seconds(10))
        guard let outcome = try? tool.run(), outcome.succeeded else { return "none found" }
        let lines = outcome.outputText.split(separator: "\n")
        return lines.isEmpty ? "none found" : lines.joined(separator: "; ")
    }
}

/// The folder of the canary, removed afterwards.
private final class TrapFolder {
    let path: String

    init() throws {
        let base = Program.environment["TMPDIR"] ?? "/tmp"
        let name = String(UInt64.random(in: .min ... .max), radix: 36)
        path = FileSystem.join(base, "billion-doctor-" + name)
        try FileSystem.makeFolder(path)
    }

    deinit { try? FileSystem.remove(path) }
}
