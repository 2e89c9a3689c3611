import Basics
import Store

/// Shows what runs do now, from another terminal.
enum StatusCommand: Command {
    static let specification = CommandSpecification(
        name: "status", summary: "show what runs are doing, from another terminal",
        options: [
            .init("db", "FILE", "the database (default runs.sqlite of the project)"),
            .init("watch", nil, "show it again every few seconds, until Ctrl-C"),
        ], examples: ["billion status", "billion status --watch"])

    private static let interval: UInt32 = 2000
    /// Runs that ended before are for `billion runs`.
    private static let limit = 20

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let path = try Project().databasePath(arguments)
        while true {
            let store = try ReadOnlyStore(path: path)
            let lines = lines(try store.runs(limit: limit))
            store.close()
            if arguments.has("watch") { Console.write("\u{1B}[H\u{1B}[J") }
            for line in lines { Console.print(line) }
            guard arguments.has("watch") else { return .success }
            Pause.milliseconds(interval)
        }
    }

    /// Every run that goes on, or the newest one where none does.
    static func lines(_ runs: [RunOverview]) -> [String] {
        let running = runs.filter { $0.status == "running" }
        if !running.isEmpty { return running.flatMap(describe) }
        guard let newest = runs.first else { return ["No run yet."] }
        return ["No run goes on. The newest:"] + describe(newest)
    }

    private static func describe(_ run: RunOverview) -> [String] {
        var lines = ["run \(run.id)  \(run.experiment)  \(run.status)  since \(run.startedAt)"]
        lines.append("  \(RunText.counts(run))")
        if let beat = run.heartbeat, run.status == "running" {
            var now = "  job \(beat.jobNumber) of \(beat.jobTotal): \(beat.jobTitle)  \(beat.phase)"
            if beat.total > 0 { now += " \(beat.completed)/\(beat.total)" }
            lines.append(now)
            lines.append("  process \(beat.processID), last heard at \(run.heardAt ?? "")")
        } else if let beat = run.heartbeat {
            // A dead one that no run has tidied up yet.
            lines.append(
                "  its process is gone; last heard at \(run.heardAt ?? ""), in job "
                    + "\(beat.jobNumber) of \(beat.jobTotal): \(beat.jobTitle)")
        }
        return lines
    }
}

/// Runs as lines.
enum RunText {
    /// `12 done, 1 failed (1 timed out), 3 skipped`.
    static func counts(_ run: RunOverview) -> String {
        let words = ["done", "running", "failed", "skipped", "interrupted"]
        let parts = words.compactMap { word -> String? in
            guard let count = run.attempts[word] else { return nil }
            guard word == "failed", !run.causes.isEmpty else { return "\(count) \(word)" }
            let causes = run.causes.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            return "\(count) failed (\(causes.joined(separator: ", ")))"
        }
        return parts.isEmpty ? "no job yet" : parts.joined(separator: ", ")
    }
}

/// Lists runs.
enum RunsCommand: Command {
    static let specification = CommandSpecification(
        name: "runs", summary: "list runs with what became of their jobs",
        options: [
            .init("db", "FILE", "the database (default runs.sqlite of the project)"),
            .init("limit", "N", "the newest N runs (default 20)"),
        ], examples: ["billion runs", "billion runs --limit 5"])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let store = try ReadOnlyStore(path: Project().databasePath(arguments))
        defer { store.close() }
        let runs = try store.runs(
            limit: arguments.integer("limit", in: 1...1_000_000, default: 20))
        let rows = runs.map {
            [
                "\($0.id)", $0.experiment, $0.status, $0.startedAt, $0.endedAt ?? "—",
                RunText.counts($0),
            ]
        }
        for line in TextTable.lines(
            [["run", "experiment", "status", "begun", "ended", "jobs"]] + rows)
        {
            Console.print(line)
        }
        return .success
    }
}
