import Basics
import Reporting
import Store

/// Looks at what fine-tuning has written down.
enum LoRACommand: Command {
    static let specification = CommandSpecification(
        name: "lora", summary: "show the updates of a fine-tuning job, also while it runs",
        operands: "log RUN", operandCount: 2...2,
        options: [
            .init("db", "FILE", "the database (default runs.sqlite of the project)"),
            .init("json", nil, "a JSON array of objects"),
            .init("csv", nil, "comma-separated values (RFC 4180)"),
        ],
        examples: [
            "billion lora log latest",
            "billion lora log v1-3f5a --json",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let (action, run) = (arguments.operands[0], arguments.operands[1])
        guard action == "log" else {
            throw UsageError(
                "unknown action '\(action)'." + Suggestion.sentence(for: action, among: ["log"]))
        }
        guard !(arguments.has("json") && arguments.has("csv")) else {
            throw UsageError("--json and --csv exclude each other.")
        }
        let store = try ReadOnlyStore(path: Project().databasePath(arguments))
        let job = try job(run, in: store)
        let output: QueryOutput =
            arguments.has("json") ? .json : arguments.has("csv") ? .csv : .table
        Console.write(output.render(try store.query(log(of: job))))
        return .success
    }

    /// The id of the job that is meant: `latest`, or an id's beginning.
    private static func job(_ run: String, in store: ReadOnlyStore) throws -> String {
        let rows = try store.query(
            "SELECT job_id FROM training_steps GROUP BY job_id ORDER BY max(run_id)"
        ).rows
        let jobs = rows.compactMap { row -> String? in
            if case .text(let id)? = row.first { id } else { nil }
        }
        let found = run == "latest" ? jobs.suffix(1) : jobs.filter { $0.hasPrefix(run) }[...]
        guard let job = found.first else {
            let known = jobs.isEmpty ? "It has none." : "Its newest is \(jobs.last ?? "")."
            throw UsageError("no fine-tuning job '\(run)' in the database. \(known)")
        }
        guard found.count == 1 else {
            throw UsageError(
                "\(found.count) fine-tuning jobs begin with '\(run)': give more of the id.")
        }
        return job
    }

    /// Seconds are counted from the first update on, without what is between updates.
    private static func log(of job: String) -> String {
        """
        SELECT step AS "update", loss, lr, grad_norm, tokens,
            sum(seconds) OVER (ORDER BY step) AS seconds
        FROM training_steps WHERE job_id = '\(job)' ORDER BY step
        """
    }
}
