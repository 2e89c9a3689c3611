import Basics
import Experiments
import Store

/// Measurements of two sides, each with its counterpart.
///
/// Two attempts belong together when they are the same task, asked in the same way, and agree in
/// everything by which the sides were not told apart.
package struct Comparison: Sendable {
    package let a: ComparedSide
    package let b: ComparedSide
    package let parts: [Part]

    /// One measurement on both sides.
    package struct Part: Sendable {
        package let a: StoredAttempt
        package let b: StoredAttempt
        /// `mini-mmlu (5-shot)`.
        package let heading: String
        package let host: String
        /// The other side's, where that is another machine.
        package let otherHost: String?
        /// The questions that both were asked, where there are any.
        package let questions: Questions?
        package let figures: [Figure]
    }

    package struct Questions: Hashable, Sendable {
        package let paired: PairedOutcomes
        /// How many each side was asked.
        package let askedA: Int
        package let askedB: Int
    }

    /// One metric on both sides.
    package struct Figure: Hashable, Sendable {
        package let a: Metric
        package let b: Metric
        /// nil where there is none.
        package let ratio: RatioOfMeans?
    }

    /// A test finds a difference below it.
    package static let significance = 0.05

    /// - Parameter snapshot: holds the attempts of both sides.
    package init(_ a: ComparedSide, _ b: ComparedSide, in snapshot: StoreSnapshot)
        throws(ComparisonError)
    {
        self.a = a
        self.b = b
        let (attemptsA, attemptsB) = (try a.attempts(in: snapshot), try b.attempts(in: snapshot))
        try Self.checkQuantizations(a, attemptsA, against: b)
        try Self.checkQuantizations(b, attemptsB, against: a)
        let isFree = Freedom(a, b)
        let hosts = Dictionary(
            snapshot.hosts.map { ($0.id, $0.label) }, uniquingKeysWith: { first, _ in first })
        // The newest of each side.
        let counterparts = Dictionary(
            attemptsB.map { (Key($0, isFree), $0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<Key> = []
        var parts: [Part] = []
        for attempt in attemptsA {
            let key = Key(attempt, isFree)
            guard seen.insert(key).inserted, let other = counterparts[key] else { continue }
            parts.append(Self.part(attempt, other, snapshot, hosts))
        }
        guard !parts.isEmpty else {
            throw ComparisonError(
                "nothing was measured in the same way for both: \(a.description) has "
                    + "\(Self.tasks(attemptsA)), \(b.description) has \(Self.tasks(attemptsB)).")
        }
        self.parts = parts.sorted { ($0.a.jobRow, $0.a.id) < ($1.a.jobRow, $1.a.id) }
    }

    private static func tasks(_ attempts: [StoredAttempt]) -> String {
        Figures.list(attempts.reversed().map { AccuracyVariant.heading(of: $0) }.unique())
    }

    /// A model without a quantization stands for all of its quantizations only against another
    /// such model.
    private static func checkQuantizations(
        _ side: ComparedSide, _ attempts: [StoredAttempt], against other: ComparedSide
    ) throws(ComparisonError) {
        guard case .model(let name, quantization: nil) = side else { return }
        if case .model(_, quantization: nil) = other { return }
        if case .run = other { return }
        let found = attempts.map(\.quantization).unique()
        guard found.count > 1 else { return }
        throw ComparisonError(
            "'\(name)' was measured as \(Figures.list(found)): name one, such as "
                + "'\(name):\(found[0])'.")
    }

    private static func part(
        _ a: StoredAttempt, _ b: StoredAttempt, _ snapshot: StoreSnapshot, _ hosts: [Int64: String]
    ) -> Part {
        let questions = snapshot.pairedOutcomes(a, b).map { paired in
            Questions(
                paired: paired, askedA: snapshot.outcomes[a.id]?.outcomes.count ?? 0,
                askedB: snapshot.outcomes[b.id]?.outcomes.count ?? 0)
        }
        let names = Set(a.metrics.keys).intersection(b.metrics.keys)
            .filter { questions == nil || !($0.hasPrefix("acc") || $0.hasPrefix("pass@")) }
            .sorted()
        let figures = names.compactMap { name -> Figure? in
            guard let one = a.metrics[name], let other = b.metrics[name] else { return nil }
            return Figure(a: one, b: other, ratio: Self.ratio(one, other))
        }
        let host = hosts[a.hostID] ?? "an unknown machine"
        return Part(
            a: a, b: b, heading: AccuracyVariant.heading(of: a), host: host,
            otherHost: a.hostID == b.hostID ? nil : hosts[b.hostID], questions: questions,
            figures: figures)
    }

    /// Of what was timed several times the spread says how sure the ratio is; other spreads are
    /// not between repetitions.
    private static func ratio(_ a: Metric, _ b: Metric) -> RatioOfMeans? {
        guard a.unit == b.unit else { return nil }
        guard ["tokens/s", "s"].contains(a.unit) else {
            func bare(_ metric: Metric) -> Metric {
                Metric(
                    name: metric.name, value: metric.value, unit: metric.unit,
                    higherIsBetter: metric.higherIsBetter)
            }
            return RatioOfMeans(a: bare(a), b: bare(b))
        }
        return RatioOfMeans(a: a, b: b)
    }
}

/// By what two sides are told apart, so that their attempts need not agree in it.
private struct Freedom {
    var model = false
    var quantization = false
    var machine = false
    var settings = false

    init(_ a: ComparedSide, _ b: ComparedSide) {
        for side in [a, b] {
            switch side {
            case .run: machine = true
            case .job: (model, quantization, machine, settings) = (true, true, true, true)
            case .model(_, let named):
                model = true
                if named != nil { quantization = true }
            }
        }
    }
}

/// What two attempts must have in common to belong together.
private struct Key: Hashable {
    let kind: String
    let datasetDigest: String?
    let settings: [String: JSONValue]?
    let modelDigest: String?
    let quantization: String?
    let hardware: String
    let hardwareSettings: [String: JSONValue]?
    let hostID: Int64?

    init(_ attempt: StoredAttempt, _ isFree: Freedom) {
        kind = attempt.taskKind
        datasetDigest = attempt.datasetDigest
        // Fewer questions are a part of the same questions.
        settings = isFree.settings ? nil : attempt.taskSettings.filter { $0.key != "limit" }
        modelDigest = isFree.model ? nil : attempt.modelDigest
        quantization = isFree.quantization ? nil : attempt.quantization
        hardware = isFree.settings ? "" : attempt.hardware
        hardwareSettings = isFree.machine ? nil : attempt.hardwareSettings
        hostID = isFree.machine ? nil : attempt.hostID
    }
}
