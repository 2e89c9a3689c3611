import Basics
import Experiments

/// A job that was finished before, and how long it took: what predictions are made from.
package struct FinishedAttempt: Hashable, Sendable {
    package var modelDigest: String
    package var quantization: String
    package var taskKind: String
    package var taskSettings: [String: JSONValue]
    package var backend: String
    package var hardwareSettings: [String: JSONValue]
    /// From the beginning to the end, loading and converting included.
    package var seconds: Double
}

extension ReadOnlyStore {
    /// What an installation has finished, the newest first.
    package func finishedAttempts(installation: String) throws(StoreError) -> [FinishedAttempt] {
        let row = try database.prepare(
            """
            SELECT m.digest, j.quantization, j.task_kind, j.task_settings, j.backend,
                j.hardware_settings,
                86400.0 * (julianday(a.ended_at) - julianday(a.started_at))
            FROM attempts a
            JOIN jobs j ON j.id = a.job_id
            JOIN models m ON m.id = j.model_id
            JOIN runs r ON r.id = a.run_id
            JOIN hosts h ON h.id = r.host_id
            WHERE a.status = 'done' AND h.installation = ?
            ORDER BY a.id DESC
            """, [.text(installation)])
        var attempts: [FinishedAttempt] = []
        while try row.step() {
            guard let seconds = row.real(6) else { continue }
            attempts.append(
                FinishedAttempt(
                    modelDigest: row.text(0) ?? "", quantization: row.text(1) ?? "",
                    taskKind: row.text(2) ?? "",
                    taskSettings: try object(row.text(3), what: "settings of a task"),
                    backend: row.text(4) ?? "",
                    hardwareSettings: try object(row.text(5), what: "settings of hardware"),
                    seconds: seconds))
        }
        return attempts
    }
}
