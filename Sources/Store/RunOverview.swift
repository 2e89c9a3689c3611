import Experiments

/// A run as whoever watches it sees it: what is done, and where it is now.
package struct RunOverview: Hashable, Sendable {
    package var id: Int64
    package var experiment: String
    package var host: String
    /// `running` only while its process lives; a dead one is `interrupted`.
    package var status: String
    package var startedAt: String
    package var endedAt: String?
    /// Attempts by status: `done`, `failed`, `skipped`, `interrupted`, `running`.
    package var attempts: [String: Int]
    /// Failures by what ended the job's process; those that said themselves why are not among them.
    package var causes: [String: Int]
    /// The last that was heard; only of runs that are not ended.
    package var heartbeat: RunHeartbeat?
    package var heardAt: String?
}

/// One attempt as whoever looks for a job sees it.
package struct AttemptOverview: Hashable, Sendable {
    package var jobID: JobID
    package var title: String
    package var runID: Int64
    package var status: String
    package var reason: String?
    package var startedAt: String
}

extension ReadOnlyStore {
    /// The newest runs, the newest first.
    package func runs(limit: Int) throws(StoreError) -> [RunOverview] {
        let row = try database.prepare(
            """
            SELECT r.id, r.experiment, h.label, r.status, r.started_at, r.ended_at, b.boot_id,
                b.process_id, b.job_id, b.job_title, b.job_number, b.job_total, b.phase,
                b.completed, b.total, b.beat_at
            FROM runs r JOIN hosts h ON h.id = r.host_id
            LEFT JOIN run_heartbeats b ON b.run_id = r.id
            ORDER BY r.id DESC LIMIT ?
            """, [.integer(Int64(limit))])
        var runs: [RunOverview] = []
        while try row.step() {
            let id = row.integer(0) ?? 0
            var heartbeat: RunHeartbeat?
            if let process = row.integer(7) {
                heartbeat = RunHeartbeat(
                    bootID: row.text(6), processID: Int(process),
                    jobID: JobID(text: row.text(8) ?? ""), jobTitle: row.text(9) ?? "",
                    jobNumber: Int(row.integer(10) ?? 0), jobTotal: Int(row.integer(11) ?? 0),
                    phase: row.text(12) ?? "", completed: Int(row.integer(13) ?? 0),
                    total: Int(row.integer(14) ?? 0))
            }
            var status = row.text(3) ?? ""
            if status == "running", !isAlive(run: id) { status = "interrupted" }
            runs.append(
                RunOverview(
                    id: id, experiment: row.text(1) ?? "", host: row.text(2) ?? "",
                    status: status, startedAt: row.text(4) ?? "", endedAt: row.text(5),
                    attempts: try counts(of: id, by: "status"),
                    causes: try counts(of: id, by: "cause"), heartbeat: heartbeat,
                    heardAt: row.text(15)))
        }
        return runs
    }

    /// Attempts whose job's id or name fits, the newest first.
    ///
    /// - Parameter name: an id or its beginning, with or without `v1-`, or words of the title.
    package func attempts(named name: String) throws(StoreError) -> [AttemptOverview] {
        let row = try database.prepare(
            """
            SELECT j.job_id, m.name || ' ' || j.quantization || ' ' || j.task || ' ' || j.hardware,
                a.run_id, a.status, a.reason, a.started_at
            FROM attempts a JOIN jobs j ON j.id = a.job_id JOIN models m ON m.id = j.model_id
            ORDER BY a.id DESC
            """)
        let words = name.split(separator: " ")
        var found: [AttemptOverview] = []
        while try row.step() {
            let (id, title) = (row.text(0) ?? "", row.text(1) ?? "")
            let names = title.split(separator: " ")
            let fits =
                id.hasPrefix(name) || id.hasPrefix("v1-" + name) || words.allSatisfy(names.contains)
            guard fits, !words.isEmpty else { continue }
            found.append(
                AttemptOverview(
                    jobID: JobID(text: id), title: title, runID: row.integer(2) ?? 0,
                    status: row.text(3) ?? "", reason: row.text(4),
                    startedAt: row.text(5) ?? ""))
        }
        return found
    }

    /// Whether the process of a run lives: it holds a lock that dies with it.
    private func isAlive(run: Int64) -> Bool {
        if writesItself { return true }
        return question?.isTaken(.run(run)) ?? false
    }

    /// - Parameter column: `status` or `cause`.
    private func counts(of run: Int64, by column: String) throws(StoreError) -> [String: Int] {
        let row = try database.prepare(
            """
            SELECT \(column), count(*) FROM attempts
            WHERE run_id = ? AND \(column) IS NOT NULL GROUP BY 1
            """, [.integer(run)])
        var counts: [String: Int] = [:]
        while try row.step() { counts[row.text(0) ?? ""] = Int(row.integer(1) ?? 0) }
        return counts
    }
}
