import Basics
import TestSupport
import Testing

/// Every command line that README.md shows, run as a reader would run it.
///
/// Those that need the small real model, or minutes, are run with the slow tests.
@Suite struct DocumentedCommandTests {
    struct Call: Sendable, CustomTestStringConvertible {
        /// What a shell is given; several lines where a quoted text has them.
        let text: String

        var testDescription: String { text }

        /// The word after `./billion`.
        var command: String {
            let words = text.split(whereSeparator: \.isWhitespace)
            let place = words.firstIndex(of: "./billion") ?? words.startIndex
            return words[place...].dropFirst().first.map(String.init) ?? ""
        }
    }

    private static let page: [String] =
        ((try? FileSystem.read(SharedData.packageRoot + "/README.md")) ?? [])
        .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        .map { String(decoding: $0, as: UTF8.self) }

    /// The commands of the page's code blocks.
    static let calls: [Call] = {
        var calls: [Call] = []
        var open: String?
        for line in page {
            if let text = open {
                open = text + "\n" + line
            } else if line.hasPrefix("    "), line.contains("./billion ") {
                let code = line.drop { $0 == " " }
                let isPrompted = code.hasPrefix("$ ")
                let text = isPrompted ? String(code.dropFirst(2)) : String(code)
                guard isPrompted || text.hasPrefix("./billion ") else { continue }
                // Without a prompt, what follows a gap is a remark.
                open = isPrompted ? text : text.beforeGap
            }
            if let text = open, text.count(where: { $0 == "\"" }) % 2 == 0 {
                calls.append(Call(text: text))
                open = nil
            }
        }
        return calls
    }()

    private static let light: Set = [
        "plan", "validate", "query", "report", "datasets", "init", "explain", "schema", "man",
        "completion",
    ]

    @Test func theyAreFound() {
        #expect(Self.calls.count > 20)
        #expect(Self.calls.contains { $0.command == "query" && $0.text.contains("\n") })
    }

    @Test(arguments: calls.filter { light.contains($0.command) })
    func theyWork(call: Call) throws { try run(call, in: folder()) }

    @Test(
        .enabled(
            if: SharedData.runsSlowTests && SharedData.smolLM2 != nil
                && CommandLineTool.isReleaseBuild,
            "needs SmolLM2 and a release build; run with --slow"),
        arguments: calls.filter { !light.contains($0.command) && $0.command != "test" })
    func theyWorkWithTheModel(call: Call) throws {
        let folder = try folder()
        let model = try #require(SharedData.smolLM2)
        let place = "cache/billion-llm/models/smollm2-135m-instruct/" + FileSystem.name(of: model)
        try FileSystem.makeFolder(FileSystem.folder(of: folder.temporary[place]))
        try FileSystem.link(to: model, at: folder.temporary[place])
        try run(call, in: folder)
    }

    private func run(_ call: Call, in project: ProjectFolder) throws {
        let outcome = try Subprocess(
            "/bin/sh", ["-c", "cd \"$1\" && eval \"$2\"", "sh", project.folder, call.text],
            environment: project.tool.environment, timeLimit: CommandLineTool.timeLimit
        ).run()
        #expect(outcome.succeeded, "\(call.text)\n\(outcome.errorText)\(outcome.outputText)")
    }

    /// A checkout as the page has it: experiments, results, and the reader's own model.
    private func folder() throws -> ProjectFolder {
        let project = try ProjectFolder()
        let root = SharedData.packageRoot
        let experiments = try FileSystem.names(in: root + "/experiments")
            .filter { FileSystem.isFile("\(root)/experiments/\($0)") }.map { "experiments/" + $0 }
        for name in experiments + ["runs.sqlite", "COMPARISON.md"] {
            try FileSystem.write(FileSystem.read("\(root)/\(name)"), atomicallyTo: project[name])
        }
        let start = try #require(Self.page.firstIndex(of: "    # experiments/mine.yaml"))
        let manifest = Self.page[start...].prefix { $0.hasPrefix("    ") }
        try project.write(
            manifest.map { $0.dropFirst(4) }.joined(separator: "\n"), to: "experiments/mine.yaml")
        try project.writeModel("my-model.gguf")
        try project.temporary.writeScript(
            "#!/bin/sh\nexec \"\(CommandLineTool.executable)\" \"$@\"\n", to: "project/billion")
        return project
    }
}

extension String {
    /// The text before the first run of two blanks.
    fileprivate var beforeGap: String {
        firstRange(of: "  ").map { String(self[..<$0.lowerBound]) } ?? self
    }
}
