import Basics
import Sandbox
import TestSupport
import Testing

/// The tasks `humaneval` and `humaneval_instruct` with a real model, against answers that
/// lm-evaluation-harness generated with the same weights in float32.
@Suite struct HumanEvalRunTests {
    private struct Recorded: Decodable {
        struct Row: Decodable {
            var task_id: String
            var answer: String
        }
        var max_gen_toks: Int
        var humaneval: [Row]
        var humaneval_instruct: [Row]
    }

    private struct Generation: Decodable {
        var task: String
        var problem: String
        var completion: String
        var verdict: String
    }

    private static let isolates =
        (try? Sandbox.open(python: .find())).map { _ in true } ?? false

    @Test(
        .enabled(
            if: SharedData.smolLM2 != nil && CommandLineTool.isReleaseBuild && isolates,
            "needs SmolLM2, a release build, python3, and a kernel that lets users make namespaces")
    )
    func greedyAnswersAreTheHarnesss() throws {
        let model = try #require(SharedData.smolLM2)
        let recorded = try Fixtures.json(Recorded.self, "humaneval/greedy.json")
        let project = try ProjectFolder()
        let settings =
            "limit: \(recorded.humaneval.count), limit_by: first, decoding: harness, "
            + "max_gen_toks: \(recorded.max_gen_toks)"
        try project.write(
            """
            name: greedy
            description: beside the harness
            seed: 1
            matrix:
              model: [small]
              quantization: [as-stored]
              task: [humaneval, humaneval_instruct]
              hardware: [cpu]
            models: {small: {path: \(model)}}
            tasks:
              humaneval: {\(settings)}
              humaneval_instruct: {\(settings)}
            hardware: {cpu: {backend: cpu, threads: 2, compute: f32}}
            """, to: "greedy.yaml")
        let run = try project.run("run", "greedy.yaml", "--db", "greedy.sqlite")
        #expect(run.status == 0, "\(run.errors)")
        let result = try project.run(
            "query", "--db", "greedy.sqlite", "--json", "SELECT * FROM generations")
        let found = try JSON.decode([Generation].self, from: result.output)
        #expect(found.count == 10)
        for row in recorded.humaneval {
            let own = found.first { $0.task == "humaneval" && $0.problem == row.task_id }
            #expect(own?.completion == row.answer, "\(row.task_id)")
        }
        for row in recorded.humaneval_instruct {
            let own = found.first { $0.task == "humaneval_instruct" && $0.problem == row.task_id }
            let end = row.answer.firstRange(of: "```")?.lowerBound ?? row.answer.endIndex
            #expect(own?.completion == String(row.answer[..<end]), "\(row.task_id)")
        }
        #expect(found.allSatisfy { ["passed", "failed", "timed out"].contains($0.verdict) })
    }
}
