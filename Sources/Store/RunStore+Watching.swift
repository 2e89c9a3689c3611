import Experiments

extension RunStore {
    package func beat(_ beat: RunHeartbeat, in run: RunKey) throws {
        // Never in the middle of a unit of work, which it would commit.
        guard !database.isInTransaction else { return }
        try database.run(
            """
            INSERT OR REPLACE INTO run_heartbeats (run_id, beat_at, boot_id, process_id, job_id,
                job_title, job_number, job_total, phase, completed, total)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .integer(run.rowID), .text(now()), .orNull(beat.bootID),
                .integer(Int64(beat.processID)), .text(beat.jobID.text),
                .text(redaction.scrub(beat.jobTitle)), .integer(Int64(beat.jobNumber)),
                .integer(Int64(beat.jobTotal)), .text(redaction.scrub(beat.phase)),
                .integer(Int64(beat.completed)), .integer(Int64(beat.total)),
            ])
    }

    package func cancelledJobs(in run: RunKey) throws -> Set<JobID> {
        let row = try database.prepare(
            "SELECT job_id FROM cancellations WHERE run_id = ?", [.integer(run.rowID)])
        var jobs: Set<JobID> = []
        while try row.step() { jobs.insert(JobID(text: row.text(0) ?? "")) }
        return jobs
    }

    /// Tells every run that goes on to leave a job.
    package func cancel(_ job: JobID) throws {
        try database.run(
            """
            INSERT OR IGNORE INTO cancellations (run_id, job_id)
            SELECT id, ? FROM runs WHERE status = 'running'
            """, [.text(job.text)])
    }

    /// Whether another run that goes on measures the same job now, or has just finished it.
    func isTaken(_ job: Int64, by other: RunKey) throws(StoreError) -> StoreError? {
        let row = try database.prepare(
            """
            SELECT a.run_id FROM attempts a JOIN runs r ON r.id = a.run_id
            WHERE a.job_id = ? AND a.run_id <> ? AND a.status = 'running' AND r.status = 'running'
            """, [.integer(job), .integer(other.rowID)])
        while try row.step() {
            if let run = row.integer(0), lock?.isTaken(.run(run)) == true {
                return .takenByAnotherRun(isDone: false)
            }
        }
        let isDone = try database.value(
            """
            SELECT 1 FROM attempts a JOIN runs r ON r.id = a.run_id
            JOIN runs own ON own.id = ?
            WHERE a.job_id = ? AND a.run_id <> own.id AND a.status = 'done'
                AND r.host_id = own.host_id AND a.ended_at > own.started_at
            """, [.integer(other.rowID), .integer(job)])
        return isDone == nil ? nil : .takenByAnotherRun(isDone: true)
    }
}
