import Basics
import Experiments
import Store

/// A snapshot put in the order in which a report tells it: hosts, on each the setups, in each
/// the newest results.
package struct ReportData {
    package let snapshot: StoreSnapshot
    /// Hosts on which something is done, that of the newest run first.
    package let hosts: [HostResults]
    /// Newest attempts that failed, were skipped, or were stopped before there was any result.
    package let unfinished: [StoredAttempt]
    /// Where the charts lie, seen from the report.
    package let chartFolder: String
    /// Of all figures that are shown.
    private let metricNames: Set<String>

    /// What one host measured.
    package struct HostResults {
        package let host: StoredHost
        /// How headings call it: its label, and where there are several which one ran last.
        package let title: String
        /// In the order in which their jobs were first begun.
        package let setups: [Setup]
    }

    /// One line of the tables: a model in one quantization on one kind of hardware.
    package struct Setup {
        package let model: String
        package let quantization: String
        package let hardware: String
        /// Done attempts, newest first.
        package let attempts: [StoredAttempt]

        /// The newest result of this name.
        ///
        /// Sizes come from a memory task where there is one, for a task that only happens to
        /// report them measured something else.
        package func metric(_ name: String) -> Metric? {
            let having = attempts.filter { $0.metrics[name] != nil }
            let preferred =
                having.first { $0.taskKind == "memory" && $0.metrics[name]?.unit == "bytes" }
            return (preferred ?? having.first)?.metrics[name]
        }
    }

    package init(_ snapshot: StoreSnapshot, chartFolder: String = ReportChart.folder) {
        self.snapshot = snapshot
        self.chartFolder = chartFolder
        let done = snapshot.attempts.filter { $0.status == "done" }.map { attempt in
            var attempt = attempt
            attempt.metrics = attempt.metrics.compactMapValues(\.ifMeasured)
            return attempt
        }
        let names = Names(done)
        metricNames = done.reduce(into: []) { $0.formUnion($1.metrics.keys) }
        let newestDone = Dictionary(
            done.map { ([$0.jobRow, $0.hostID], $0.id) }, uniquingKeysWith: max)
        unfinished = snapshot.attempts.filter { attempt in
            guard attempt.status != "done" else { return false }
            guard let older = newestDone[[attempt.jobRow, attempt.hostID]] else { return true }
            // A measurement stopped by hand says nothing against the one before it.
            return older < attempt.id && attempt.status != "interrupted"
        }
        let newest = Self.newestHost(snapshot, done)
        let measuring = Set(done.map(\.hostID))
        let ordered =
            snapshot.hosts.filter { $0.id == newest }
            + snapshot.hosts.filter { $0.id != newest }
        hosts = ordered.compactMap { host in
            var order: [Names.Key] = []
            var members: [Names.Key: [StoredAttempt]] = [:]
            for attempt in done where attempt.hostID == host.id {
                let key = Names.Key(attempt)
                if members[key] == nil { order.append(key) }
                members[key, default: []].append(attempt)
            }
            let setups = order.map { key in
                Setup(
                    model: names.model(key), quantization: key.quantization,
                    hardware: names.hardware(key),
                    attempts: (members[key] ?? []).sorted { $0.id > $1.id })
            }
            let isMarked = host.id == newest && measuring.count > 1
            return setups.isEmpty
                ? nil
                : HostResults(
                    host: host, title: host.label + (isMarked ? " (newest run)" : ""),
                    setups: setups)
        }
    }

    /// Where the newest of the runs that have a part in what is shown was: the machine of whoever
    /// has just measured.
    private static func newestHost(_ snapshot: StoreSnapshot, _ done: [StoredAttempt]) -> Int64? {
        let shown = Set(done.map(\.runID))
        return snapshot.runs.filter { shown.contains($0.id) }
            .max { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }?.hostID
    }

    /// A chart's title, with the host where there are several.
    package func titled(_ title: String, _ results: HostResults) -> String {
        hosts.count > 1 ? "\(title), \(results.title)" : title
    }

    package var hasResults: Bool { !hosts.isEmpty }

    /// All attempts that figures are taken from.
    package var attempts: [StoredAttempt] { hosts.flatMap { $0.setups.flatMap(\.attempts) } }

    /// Runs that had a part in what is shown, in order.
    package var runs: [StoredRun] {
        let shown = Set((attempts + unfinished).map(\.runID))
        return snapshot.runs.filter { shown.contains($0.id) }
    }

    /// Names of metrics such as `pp512`: the prefix and a number, by number.
    package func metricNames(prefix: String) -> [String] {
        let names = metricNames.filter { name in
            guard name.hasPrefix(prefix) else { return false }
            return name.dropFirst(prefix.count).first.map { $0.isASCII && $0.isNumber } ?? false
        }
        func number(_ name: String) -> Int {
            Int(name.dropFirst(prefix.count).prefix { $0.isNumber }) ?? 0
        }
        return names.sorted { (number($0), $0) < (number($1), $1) }
    }
}

extension Metric {
    /// Nothing that is measured is larger: bytes, tokens/s, seconds.
    private static let largest = 1e18

    /// The figure as far as it says something.
    ///
    /// nil for what is no number or an average of nothing; without a spread or an interval that
    /// is none. The store keeps such figures out, and a damaged file may hold them all the same.
    fileprivate var ifMeasured: Metric? {
        guard abs(value) <= Self.largest, count.map({ $0 > 0 }) ?? true else { return nil }
        var metric = self
        if let spread = standardDeviation, !(0...Self.largest).contains(spread) {
            metric.standardDeviation = nil
        }
        if let low = confidenceLow, let high = confidenceHigh, low <= high,
            abs(low) <= Self.largest, abs(high) <= Self.largest
        {
            return metric
        }
        metric.confidenceLow = nil
        metric.confidenceHigh = nil
        return metric
    }
}

/// How models and hardware are called where a bare name would not tell them apart.
private struct Names {
    struct Key: Hashable {
        let model: String
        let modelDigest: String
        let quantization: String
        let hardware: String
        let backend: String
        let settings: [String: JSONValue]

        init(_ attempt: StoredAttempt) {
            model = attempt.model
            modelDigest = attempt.modelDigest
            quantization = attempt.quantization
            hardware = attempt.hardware
            backend = attempt.backend
            settings = attempt.hardwareSettings
        }

        var shortHardware: String {
            guard case .integer(let threads) = settings["threads"] else { return hardware }
            return "\(hardware), \(threads) \(threads == 1 ? "thread" : "threads")"
        }
    }

    private var digests: [String: Set<String>] = [:]
    private var settings: [String: Set<[String: JSONValue]>] = [:]

    init(_ attempts: [StoredAttempt]) {
        for key in Set(attempts.map(Key.init)) {
            digests[key.model, default: []].insert(key.modelDigest)
            settings[key.shortHardware, default: []].insert(key.settings)
        }
    }

    func model(_ key: Key) -> String {
        guard (digests[key.model]?.count ?? 0) > 1 else { return key.model }
        return "\(key.model) (\(key.modelDigest.prefix(8)))"
    }

    func hardware(_ key: Key) -> String {
        guard (settings[key.shortHardware]?.count ?? 0) > 1 else { return key.shortHardware }
        let rest = key.settings.filter { $0.key != "threads" }.sorted { $0.key < $1.key }
        return ([key.shortHardware] + rest.map { "\($0.key) \($0.value.plainText)" })
            .joined(separator: ", ")
    }
}
