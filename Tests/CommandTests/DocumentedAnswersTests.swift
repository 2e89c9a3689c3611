import Basics
import LanguageModels
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the README says that commands answer is what they answer.
@Suite struct DocumentedAnswersTests {
    private static let page = SharedData.packageRoot + "/README.md"

    private func page() throws -> [String] {
        String(decoding: try FileSystem.read(Self.page), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// A query of the page, and the lines that the page shows as its answer.
    private struct Question {
        var sql: String
        var answer: Range<Int>
    }

    private func questions(in lines: [String]) -> [Question] {
        let start = "    $ ./billion query \""
        return lines.indices.filter { lines[$0].hasPrefix(start) }.compactMap { first in
            let last = lines[first...].firstIndex { $0.hasSuffix("\"") && $0 != start }
            guard let last else { return nil }
            let sql = lines[first...last].joined(separator: "\n").dropFirst(start.count).dropLast()
            let end = lines[(last + 1)...].firstIndex { !$0.hasPrefix("    ") } ?? lines.endIndex
            return Question(sql: String(sql), answer: last + 1..<end)
        }
    }

    /// Of a long answer the page shows the beginning.
    private func shown(_ output: [String]) -> [String] {
        let lines = output.count > 14 ? output.prefix(6) + ["..."] : output
        return lines.map { "    " + $0 }
    }

    private static let isRecording =
        ProcessInfo.processInfo.environment["BILLION_RECORD_SNAPSHOTS"] == "1"

    /// Whether the checkout's database has got runs since its commit that the page does not tell
    /// of: who tries the program and then its tests has done nothing wrong.
    private static func holdsOwnRuns() throws -> Bool {
        guard Subprocess.find("git") != nil else { return false }
        let outcome = try Subprocess(
            "git",
            [
                "-C", SharedData.packageRoot, "diff", "--name-only", "HEAD", "--", "runs.sqlite",
                "README.md",
            ]
        ).run()
        let changed = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n")
        return changed == ["runs.sqlite"]
    }

    /// The database of the checkout answers them; `BILLION_RECORD_SNAPSHOTS=1` writes its answers
    /// into the page, and fails, so that nobody records by accident.
    @Test(
        .enabled("runs.sqlite holds runs of your own, which README.md does not show") {
            try isRecording || !holdsOwnRuns()
        })
    func theAnswersAreThoseOfTheDatabase() throws {
        let project = try ProjectFolder()
        var lines = try page()
        let questions = questions(in: lines)
        #expect(questions.count == 5)
        for question in questions.reversed() {
            let result = try project.run(
                "query", question.sql, "--db", SharedData.packageRoot + "/runs.sqlite")
            #expect(result.status == 0, "\(result.errors)")
            let shown = shown(result.lines)
            #expect(
                shown == Array(lines[question.answer]),
                "run this test with BILLION_RECORD_SNAPSHOTS=1, and look at README.md")
            lines.replaceSubrange(question.answer, with: shown)
        }
        if Self.isRecording {
            let text = lines.joined(separator: "\n")
            try FileSystem.write(Array(text.utf8), atomicallyTo: Self.page)
            Issue.record("recorded README.md; run again without BILLION_RECORD_SNAPSHOTS")
        }
    }

    @Test func everyQuantizationIsListed() throws {
        let text = try page().joined(separator: " ")
        for name in QuantizationTarget.names { #expect(text.contains("`\(name)`"), "\(name)") }
    }

    /// The comparison of two models is a manifest, and so is what is said of its mistakes.
    @Test func theFirstOwnExperimentIsAManifest() throws {
        let lines = try page()
        let file = "experiments/mine.yaml"
        let first = try #require(lines.firstIndex(of: "    # \(file)"))
        let end = try #require(lines[first...].firstIndex { !$0.hasPrefix("    ") })
        let manifest = lines[first..<end].map { $0.dropFirst(4) }.joined(separator: "\n")
        let project = try ProjectFolder()
        try project.writeModel("my-model.gguf")
        try project.write(manifest, to: file)
        let check = try project.run("validate", file)
        #expect(
            check.output == "\(file): fine, 16 jobs; 'run' first pulls smollm2-135m-instruct "
                + "(92.9 MB)\n", "\(check.errors)")

        func expectSaid(_ old: String, _ new: String) throws {
            try project.write(manifest.replacing(old, with: new), to: file)
            let check = try project.run("validate", file)
            #expect(check.status == 2)
            for line in check.errors.split(separator: "\n") {
                // The comment behind the value is left out on the page.
                let shown = line.split(separator: "      #")[0]
                #expect(lines.contains("    " + shown), "\(line)")
            }
        }
        try expectSaid("[smollm2-135m-instruct,", "[smolm2-135m-instruct,")
        try expectSaid("my-model.gguf", "my-modle.gguf")
    }
}
