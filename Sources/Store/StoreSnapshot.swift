import Basics
import Experiments

/// Everything that a report is made of, read in one go.
///
/// No samples: their averages are metrics.
package struct StoreSnapshot: Sendable {
    package var hosts: [StoredHost]
    package var runs: [StoredRun]
    /// Of each job on each host the newest attempt that ended, and the newest that is done.
    package var attempts: [StoredAttempt]
    /// Digests of all done attempts, sorted.
    package var digests: [String]
    /// By attempt: which questions were answered right, where there were any.
    package var outcomes: [Int64: StoredOutcomes] = [:]
    /// By number: the questions of a set, in order.
    package var questionSets: [Int64: [Substring]] = [:]

    package init(
        hosts: [StoredHost], runs: [StoredRun], attempts: [StoredAttempt], digests: [String]
    ) {
        self.hosts = hosts
        self.runs = runs
        self.attempts = attempts
        self.digests = digests
    }
}

package struct StoredHost: Hashable, Sendable {
    package var id: Int64
    package var label: String
    package var processor: String
    package var cores: Int
    package var architecture: String
}

package struct StoredRun: Hashable, Sendable {
    package var id: Int64
    package var hostID: Int64
    package var experiment: String
    package var manifestDigest: String
    package var status: String
    package var startedAt: String
    package var endedAt: String?
    package var memoryBytes: Int64
    package var operatingSystem: String
    package var libraries: [String: String]
    package var buildConfiguration: String
    package var commit: String?
    package var version: String
}

package struct StoredAttempt: Hashable, Sendable {
    package var id: Int64
    /// Row of the job: jobs in the order in which they were first begun.
    package var jobRow: Int64
    package var jobID: JobID
    package var runID: Int64
    package var hostID: Int64
    package var model: String
    package var modelDigest: String
    package var dataset: String?
    package var datasetDigest: String?
    package var quantization: String
    package var task: String
    package var taskKind: String
    package var taskSettings: [String: JSONValue]
    package var hardware: String
    package var backend: String
    package var hardwareSettings: [String: JSONValue]
    package var seed: String
    /// `done`, `failed`, `skipped` or `interrupted`.
    package var status: String
    package var reason: String?
    /// What ended its process, where it was not its own word.
    package var cause: String?
    package var startedAt: String
    package var endedAt: String?
    package var digest: String?
    package var facts: [String: JSONValue] = [:]
    package var metrics: [String: Metric] = [:]
    /// By kind, in the order of their indices; only of the kinds that were asked for.
    package var records: [String: [JobRecord]] = [:]
}

extension ReadOnlyStore {
    /// Which attempts a snapshot holds.
    package enum Selection: Hashable, Sendable {
        /// Of each job on each host the newest that ended, and the newest that is done.
        case newest
        /// Those of one call of `billion run` that are done.
        case run(Int64)

        fileprivate var sql: String {
            switch self {
            case .newest: ReadOnlyStore.newest
            case .run(let id):
                "WITH newest AS (SELECT id FROM attempts WHERE run_id = \(id) AND status = 'done')"
            }
        }
    }

    /// One consistent reading, also while a runner is writing.
    ///
    /// - Parameter recordKinds: the kinds of records that come along, of done attempts.
    package func snapshot(_ selection: Selection = .newest, recordKinds: Set<String> = [])
        throws(StoreError) -> StoreSnapshot
    {
        try database.execute("BEGIN")
        defer { database.rollBack() }
        var attempts = try readAttempts(selection.sql)
        let places = Dictionary(
            attempts.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { $1 })
        let metrics = try database.prepare(
            """
            \(selection.sql)
            SELECT x.attempt_id, x.name, x.value, x.unit, x.higher_is_better, x.n, x.stddev,
                x.ci_low, x.ci_high
            FROM newest JOIN attempts a ON a.id = newest.id
            JOIN attempt_metrics x ON x.attempt_id = a.id
            WHERE a.status = 'done'
            """)
        while try metrics.step() {
            guard let place = metrics.integer(0).flatMap({ places[$0] }) else { continue }
            let metric = Metric(
                name: metrics.text(1) ?? "", value: metrics.real(2) ?? 0,
                unit: metrics.text(3) ?? "", higherIsBetter: metrics.integer(4).map { $0 != 0 },
                count: metrics.integer(5).map { Int($0) },
                standardDeviation: metrics.real(6), confidenceLow: metrics.real(7),
                confidenceHigh: metrics.real(8))
            attempts[place].metrics[metric.name] = metric
        }
        let facts = try database.prepare(
            """
            \(selection.sql)
            SELECT f.attempt_id, f.name, f.value
            FROM newest JOIN attempts a ON a.id = newest.id
            JOIN attempt_facts f ON f.attempt_id = a.id
            WHERE a.status = 'done'
            """)
        while try facts.step() {
            guard let place = facts.integer(0).flatMap({ places[$0] }) else { continue }
            let name = facts.text(1) ?? ""
            attempts[place].facts[name] = try json(facts.text(2), what: "fact '\(name)'")
        }
        try readRecords(of: recordKinds, into: &attempts, places: places, selection.sql)
        var snapshot = StoreSnapshot(
            hosts: try readHosts(), runs: try readRuns(), attempts: attempts,
            digests: try readDigests())
        (snapshot.outcomes, snapshot.questionSets) = try readOutcomes(selection.sql)
        return snapshot
    }

    fileprivate static let newest = """
        WITH newest AS (
            SELECT max(a.id) AS id FROM attempts a JOIN runs r ON r.id = a.run_id
            WHERE a.status <> 'running' GROUP BY a.job_id, r.host_id
            UNION
            SELECT max(a.id) AS id FROM attempts a JOIN runs r ON r.id = a.run_id
            WHERE a.status = 'done' GROUP BY a.job_id, r.host_id
        )
        """

    private func readRecords(
        of kinds: Set<String>, into attempts: inout [StoredAttempt], places: [Int64: Int],
        _ selection: String
    ) throws(StoreError) {
        for kind in kinds.sorted() {
            let row = try database.prepare(
                """
                \(selection)
                SELECT x.attempt_id, x.record_index, x.value
                FROM newest JOIN attempts a ON a.id = newest.id
                JOIN attempt_records x ON x.attempt_id = a.id
                WHERE a.status = 'done' AND x.kind = ?
                ORDER BY x.attempt_id, x.record_index
                """, [.text(kind)])
            while try row.step() {
                guard let place = row.integer(0).flatMap({ places[$0] }) else { continue }
                attempts[place].records[kind, default: []].append(
                    JobRecord(
                        kind: kind, index: Int(row.integer(1) ?? 0),
                        values: try object(row.text(2), what: "record '\(kind)'")))
            }
        }
    }

    private func readAttempts(_ selection: String) throws(StoreError) -> [StoredAttempt] {
        let row = try database.prepare(
            """
            \(selection)
            SELECT a.id, j.id, j.job_id, a.run_id, r.host_id, m.name, m.digest, d.name, d.digest,
                j.quantization, j.task, j.task_kind, j.task_settings, j.hardware, j.backend,
                j.hardware_settings, j.seed, a.status, a.reason, a.started_at, a.ended_at,
                a.digest, a.cause
            FROM newest
            JOIN attempts a ON a.id = newest.id
            JOIN jobs j ON j.id = a.job_id
            JOIN models m ON m.id = j.model_id
            LEFT JOIN datasets d ON d.id = j.dataset_id
            JOIN runs r ON r.id = a.run_id
            ORDER BY j.id, a.id
            """)
        var attempts: [StoredAttempt] = []
        while try row.step() {
            attempts.append(
                StoredAttempt(
                    id: row.integer(0) ?? 0, jobRow: row.integer(1) ?? 0,
                    jobID: JobID(text: row.text(2) ?? ""), runID: row.integer(3) ?? 0,
                    hostID: row.integer(4) ?? 0, model: row.text(5) ?? "",
                    modelDigest: row.text(6) ?? "", dataset: row.text(7),
                    datasetDigest: row.text(8), quantization: row.text(9) ?? "",
                    task: row.text(10) ?? "", taskKind: row.text(11) ?? "",
                    taskSettings: try object(row.text(12), what: "settings of a task"),
                    hardware: row.text(13) ?? "", backend: row.text(14) ?? "",
                    hardwareSettings: try object(row.text(15), what: "settings of hardware"),
                    seed: row.text(16) ?? "", status: row.text(17) ?? "", reason: row.text(18),
                    cause: row.text(22), startedAt: row.text(19) ?? "", endedAt: row.text(20),
                    digest: row.text(21)))
        }
        return attempts
    }

    private func readHosts() throws(StoreError) -> [StoredHost] {
        let row = try database.prepare(
            "SELECT id, label, processor, cores, architecture FROM hosts ORDER BY id")
        var hosts: [StoredHost] = []
        while try row.step() {
            hosts.append(
                StoredHost(
                    id: row.integer(0) ?? 0, label: row.text(1) ?? "",
                    processor: row.text(2) ?? "", cores: Int(row.integer(3) ?? 0),
                    architecture: row.text(4) ?? ""))
        }
        return hosts
    }

    private func readRuns() throws(StoreError) -> [StoredRun] {
        let row = try database.prepare(
            """
            SELECT id, host_id, experiment, manifest_digest, status, started_at, ended_at,
                memory_bytes, operating_system, libraries, build_configuration, source_commit,
                version
            FROM runs ORDER BY id
            """)
        var runs: [StoredRun] = []
        while try row.step() {
            let libraries = try object(row.text(9), what: "library versions of a run")
            runs.append(
                StoredRun(
                    id: row.integer(0) ?? 0, hostID: row.integer(1) ?? 0,
                    experiment: row.text(2) ?? "", manifestDigest: row.text(3) ?? "",
                    status: row.text(4) ?? "", startedAt: row.text(5) ?? "",
                    endedAt: row.text(6), memoryBytes: row.integer(7) ?? 0,
                    operatingSystem: row.text(8) ?? "",
                    libraries: libraries.mapValues(\.plainText),
                    buildConfiguration: row.text(10) ?? "", commit: row.text(11),
                    version: row.text(12) ?? ""))
        }
        return runs
    }

    private func readDigests() throws(StoreError) -> [String] {
        let row = try database.prepare(
            "SELECT digest FROM attempts WHERE status = 'done' ORDER BY digest")
        var digests: [String] = []
        while try row.step() { digests.append(row.text(0) ?? "") }
        return digests
    }

    private func json(_ text: String?, what: String) throws(StoreError) -> JSONValue {
        do { return try JSON.decode(JSONValue.self, from: text ?? "null") } catch {
            throw StoreError.damagedValue(
                file: database.file, what: what, reason: "it is not JSON")
        }
    }

    func object(_ text: String?, what: String) throws(StoreError) -> [String: JSONValue] {
        guard case .object(let members) = try json(text, what: what) else {
            throw StoreError.damagedValue(
                file: database.file, what: what, reason: "it is not a JSON object")
        }
        return members
    }
}
