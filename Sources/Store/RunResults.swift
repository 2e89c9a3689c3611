import Experiments

/// What an installation has found of each job.
package struct RunResults: Sendable {
    /// Values by metric of each job's newest done attempt.
    package var values: [JobID: [String: Double]]
    /// Done jobs in the file, those of other hosts counted on their own.
    package var jobsOfAll: Int

    package init(values: [JobID: [String: Double]], jobsOfAll: Int) {
        self.values = values
        self.jobsOfAll = jobsOfAll
    }
}

extension ReadOnlyStore {
    /// The figures of jobs as this installation has measured them last.
    package func results(of jobs: Set<JobID>, installation: String) throws(StoreError)
        -> RunResults
    {
        let row = try database.prepare(
            """
            WITH newest AS (
                SELECT max(a.id) AS id FROM attempts a
                JOIN runs r ON r.id = a.run_id
                JOIN hosts h ON h.id = r.host_id
                WHERE a.status = 'done' AND h.installation = ?
                GROUP BY a.job_id)
            SELECT j.job_id, x.name, x.value
            FROM newest
            JOIN attempts a ON a.id = newest.id
            JOIN jobs j ON j.id = a.job_id
            JOIN attempt_metrics x ON x.attempt_id = a.id
            """, [.text(installation)])
        var values: [JobID: [String: Double]] = [:]
        while try row.step() {
            let id = JobID(text: row.text(0) ?? "")
            guard jobs.contains(id), let name = row.text(1) else { continue }
            values[id, default: [:]][name] = row.real(2)
        }
        let count = try database.integer(
            """
            SELECT count(*) FROM (
                SELECT DISTINCT a.job_id, r.host_id FROM attempts a JOIN runs r ON r.id = a.run_id
                WHERE a.status = 'done')
            """)
        return RunResults(values: values, jobsOfAll: Int(count ?? 0))
    }
}
