import Basics
import Sandbox
import Tasks

/// Completions of HumanEval's problems, from any source, run against the tests.
enum HumanEvalCommand: Command {
    static let specification = CommandSpecification(
        name: "humaneval", summary: "run completions of coding problems against their tests",
        operands: "check", operandCount: 1...1,
        options: [
            .init("samples", "FILE", "JSON lines with task_id and completion (.gz is unpacked)"),
            .init("problems", "FILE", "problems in HumanEval's layout, or a dataset's name"),
            .init("timeout", "SECONDS", "time for one program and its tests (default 3)"),
            .init("workers", "N", "programs at a time (default: one a core)"),
            .init("python", "PROGRAM", "the interpreter (default python3)"),
            .init("unsafe-code", nil, "run without a sandbox: the code can do what you can"),
            .init("json", nil, "a line {\"task_id\", \"passed\", \"result\"} per sample, in order"),
        ],
        examples: [
            "billion humaneval check --samples samples.jsonl --problems HumanEval.jsonl.gz --json",
            "billion humaneval check --samples samples.jsonl --problems mini-humaneval",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        guard arguments.operands[0] == "check" else {
            throw UsageError(
                "unknown action '\(arguments.operands[0])'."
                    + Suggestion.sentence(for: arguments.operands[0], among: ["check"]))
        }
        let seconds = try arguments.number("timeout", in: 0.1...3600, default: 3)
        let workers = try arguments.integer("workers", in: 1...1024, default: Host.cores)
        let problems = try HumanEvalProblem.load(
            path: problemFile(arguments.string("problems")))
        let samples = try HumanEvalSample.load(
            path: try arguments.required("samples"), problems: problems)
        let isUnsafe = arguments.has("unsafe-code")
        let python = try PythonInstallation.find(arguments.string("python") ?? "python3")
        let opening = Sandbox.opening(
            python: python, isolation: isUnsafe ? .none : .full,
            limits: SandboxLimits(time: .milliseconds(Int64(seconds * 1000))))
        if case .failure(.refused(let reason)) = opening {
            Console.error(
                "billion humaneval: skipped, nothing was run: \(reason)\n"
                    + "--unsafe-code runs the programs without a sandbox.")
            return .failure
        }
        let sandbox = try opening.get()
        var scores = HumanEvalScores()
        let printsJSON = arguments.has("json")
        _ = try sandbox.check(samples.map(\.program), workers: workers) { index, outcome in
            let sample = samples[index]
            scores.add(sample.problem.identifier, isRight: outcome.verdict.isPass)
            if printsJSON {
                Console.print(try JSON.text(ResultLine(sample, outcome.verdict, isUnsafe)))
            } else if !outcome.verdict.isPass {
                let text = outcome.verdict.text.split(separator: "\n").first ?? ""
                Console.print("\(sample.problem.identifier): \(text)")
            }
        }
        let summary = scores.summary + (isUnsafe ? " Run without a sandbox." : "")
        if printsJSON { Console.error(summary) } else { Console.print(summary) }
        return .success
    }

    /// A file, or the file of a dataset.
    private static func problemFile(_ name: String?) throws -> String {
        if let name, name.contains("/") || FileSystem.isFile(name) { return name }
        return try HumanEvalLocator(folders: Project().datasets.searchFolders)
            .locate(name ?? "humaneval")
    }

    private struct ResultLine: Encodable {
        var task_id: String
        var passed: Bool
        var result: String
        /// Only where there was no sandbox.
        var unsafe: Bool?

        init(_ sample: HumanEvalSample, _ verdict: Verdict, _ isUnsafe: Bool) {
            task_id = sample.problem.identifier
            passed = verdict.isPass
            result = verdict.text
            unsafe = isUnsafe ? true : nil
        }
    }
}
