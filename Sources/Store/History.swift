import Basics
import Experiments

/// One figure of a finished attempt, with what tells measurements apart.
package struct HistoryEntry: Hashable, Sendable {
    package var attempt: Int64
    package var startedAt: String
    package var experiment: String
    package var commit: String?
    package var version: String
    package var measurement: Measurement
    package var metric: Metric

    /// What was measured where: the same in every run that measures it again, also by another
    /// version of the engine.
    package struct Measurement: Hashable, Sendable {
        package var host: String
        package var model: String
        package var modelDigest: String
        package var quantization: String
        package var task: String
        package var taskKind: String
        package var taskSettings: [String: JSONValue]
        package var datasetDigest: String?
        package var hardware: String
        package var backend: String
        package var hardwareSettings: [String: JSONValue]

        /// `smollm2-135m-instruct q8_0 speed cpu`.
        package var title: String { "\(model) \(quantization) \(task) \(hardware)" }

        /// The names on the four axes.
        package var names: [String] { [model, quantization, task, hardware] }
    }
}

extension ReadOnlyStore {
    /// The figures of all finished attempts, the oldest first.
    ///
    /// Without those of parts (`acc/SUBJECT`), of which there are many.
    package func history() throws(StoreError) -> [HistoryEntry] {
        let row = try database.prepare(
            """
            SELECT a.id, a.started_at, r.experiment, r.source_commit, r.version, h.label, m.name,
                m.digest, j.quantization, j.task, j.task_kind, j.task_settings, d.digest,
                j.hardware, j.backend, j.hardware_settings, x.name, x.value, x.unit,
                x.higher_is_better, x.n, x.stddev, x.ci_low, x.ci_high
            FROM attempts a
            JOIN jobs j ON j.id = a.job_id
            JOIN models m ON m.id = j.model_id
            LEFT JOIN datasets d ON d.id = j.dataset_id
            JOIN runs r ON r.id = a.run_id
            JOIN hosts h ON h.id = r.host_id
            JOIN attempt_metrics x ON x.attempt_id = a.id
            WHERE a.status = 'done' AND x.name NOT GLOB '*/*'
            ORDER BY a.id, x.name
            """)
        var entries: [HistoryEntry] = []
        // The rows of one attempt follow each other and share their measurement.
        var last: (attempt: Int64, measurement: HistoryEntry.Measurement)?
        while try row.step() {
            let attempt = row.integer(0) ?? 0
            let measurement: HistoryEntry.Measurement
            if let last, last.attempt == attempt {
                measurement = last.measurement
            } else {
                measurement = try self.measurement(row)
                last = (attempt, measurement)
            }
            entries.append(
                HistoryEntry(
                    attempt: attempt, startedAt: row.text(1) ?? "", experiment: row.text(2) ?? "",
                    commit: row.text(3), version: row.text(4) ?? "", measurement: measurement,
                    metric: Metric(
                        name: row.text(16) ?? "", value: row.real(17) ?? 0,
                        unit: row.text(18) ?? "", higherIsBetter: row.integer(19).map { $0 != 0 },
                        count: row.integer(20).map { Int($0) }, standardDeviation: row.real(21),
                        confidenceLow: row.real(22), confidenceHigh: row.real(23))))
        }
        return entries
    }

    private func measurement(_ row: Statement) throws(StoreError) -> HistoryEntry.Measurement {
        HistoryEntry.Measurement(
            host: row.text(5) ?? "", model: row.text(6) ?? "", modelDigest: row.text(7) ?? "",
            quantization: row.text(8) ?? "", task: row.text(9) ?? "", taskKind: row.text(10) ?? "",
            taskSettings: try object(row.text(11), what: "settings of a task"),
            datasetDigest: row.text(12), hardware: row.text(13) ?? "",
            backend: row.text(14) ?? "",
            hardwareSettings: try object(row.text(15), what: "settings of hardware"))
    }
}
