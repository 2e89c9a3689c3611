import Basics
import Experiments
import Store

/// Setups of one host measured on the same thing, and what can be said of their order.
struct Contest {
    struct Candidate {
        let name: String
        let metric: Metric
        /// What the figure comes from, where question by question can be compared.
        var attempt: StoredAttempt?
    }

    /// The best first, equal ones in the order of the report.
    let candidates: [Candidate]
    /// How many of `candidates`, from the first, cannot be told from the first.
    ///
    /// Each is compared with the first; the intervals hold for all comparisons together.
    let leaders: Int
    /// Whether some of the comparisons had no intervals to go by, for a figure measured once.
    let hasBareFigures: Bool

    /// How the best and the last of the leaders did on the same questions, where both had them.
    let leadersPaired: PairedOutcomes?

    /// nil for none.
    ///
    /// - Parameter paired: how two attempts did on the questions that both were asked. Where there
    ///   are any, McNemar's exact test decides, and not the two figures' own intervals.
    init?(
        _ candidates: [Candidate], higherIsBetter: Bool,
        paired: (StoredAttempt, StoredAttempt) -> PairedOutcomes? = { _, _ in nil }
    ) {
        let sorted = candidates.enumerated().sorted { first, second in
            let (a, b) = (first.element.metric.value, second.element.metric.value)
            if a != b { return higherIsBetter ? a > b : a < b }
            return first.offset < second.offset
        }.map(\.element)
        guard let best = sorted.first else { return nil }
        self.candidates = sorted
        var leaders = 1
        var leadersPaired: PairedOutcomes?
        var hasBareFigures = false
        for (place, other) in sorted.enumerated().dropFirst() {
            let comparisons = sorted.count - 1
            if let one = best.attempt, let two = other.attempt, let pairs = paired(one, two) {
                let isApart = pairs.exactP * Double(comparisons) < Self.level
                if !isApart { (leaders, leadersPaired) = (place + 1, pairs) }
                continue
            }
            let difference = MetricDifference(
                best.metric, other.metric, comparisons: comparisons)
            if difference.interval == nil { hasBareFigures = true }
            let isApart =
                difference.isDetectable
                ?? (abs(difference.value) > Self.bareMargin * abs(best.metric.value))
            if !isApart { (leaders, leadersPaired) = (place + 1, nil) }
        }
        self.leaders = leaders
        self.leadersPaired = leadersPaired
        self.hasBareFigures = hasBareFigures
    }

    private static let level = 0.05

    /// Figures that were measured once are told apart from this share on: a peak of memory is
    /// the same to within a percent when it is measured again.
    private static let bareMargin = 0.02

    var best: Candidate { candidates[0] }
    /// The first that is told from the best; nil where none is.
    var next: Candidate? { candidates.indices.contains(leaders) ? candidates[leaders] : nil }
    /// Whether one alone leads.
    var isSettled: Bool { leaders == 1 && candidates.count > 1 }
    /// Whether nobody can be told from the best.
    var isOpen: Bool { leaders == candidates.count && candidates.count > 1 }
}

/// What a setup can be good for, and by which figure that is judged.
struct Use {
    /// `Knowledge`, `Reading a prompt`.
    let name: String
    /// What it was measured with: `mini-mmlu (5-shot)`, `pp512`.
    let measure: String
    /// For a sentence about the one that leads: `reads fastest`.
    let praise: String
    /// For a sentence about a lead that is not there: `in knowledge`.
    let field: String
    let higherIsBetter: Bool
    /// What guessing gives; nil where that makes no sense.
    var chance: Double?
    let metric: (ReportData.Setup) -> Metric?
    let format: (Metric) -> String

    /// The attempt behind a figure that is a share of questions; nil for other figures.
    var attempt: ((ReportData.Setup) -> StoredAttempt?)?

    /// A figure that is a share of questions.
    var isShare: Bool { attempt != nil }

    /// Those that somebody measured, knowledge and code first.
    static func all(_ data: ReportData) -> [Use] {
        shares(data, "acc", "Knowledge", praise: "knows most", field: "in knowledge")
            + shares(data, "pass@1", "Code", praise: "solves most problems", field: "in code")
            + speed(data, "pp", "Reading a prompt", praise: "reads fastest", field: "in reading")
            + speed(data, "tg", "Writing", praise: "writes fastest", field: "in writing")
            + [
                Use(
                    name: "Memory", measure: "peak resident", praise: "takes the least memory",
                    field: "in memory", higherIsBetter: false,
                    metric: { $0.metric("peak_resident_bytes") }, format: Figures.bytes)
            ]
    }

    private static func shares(
        _ data: ReportData, _ metric: String, _ name: String, praise: String, field: String
    ) -> [Use] {
        data.variants(of: metric).map { variant in
            Use(
                name: name, measure: variant.heading, praise: praise, field: field,
                higherIsBetter: true, chance: metric == "acc" ? 0.25 : nil,
                metric: { variant.attempt(of: $0)?.metrics[metric] },
                format: { "\(NumberFormat.percent($0.value)) %" }, attempt: variant.attempt)
        }
    }

    /// One use for each length that was timed.
    private static func speed(
        _ data: ReportData, _ prefix: String, _ name: String, praise: String, field: String
    ) -> [Use] {
        data.metricNames(prefix: prefix).filter { !$0.contains("@") }.map { metric in
            Use(
                name: name, measure: metric, praise: praise, field: field, higherIsBetter: true,
                metric: { $0.metric(metric) },
                format: { "\(NumberFormat.fixed($0.value, 1)) tokens/s" })
        }
    }
}

extension ReportData.Setup {
    /// Made of random numbers: good for speed and memory, and nobody's choice.
    var isSynthetic: Bool {
        attempts.contains { attempt in
            guard case .string(let text)? = attempt.facts["provenance"] else { return false }
            return text.hasPrefix("synthetic weights")
        }
    }
}

extension [ReportData.Setup] {
    /// What setups are called among themselves: only the parts in which they differ.
    func shortNames() -> [String] {
        let hasModels = Set(map(\.model)).count > 1
        let hasHardware = Set(map(\.hardware)).count > 1
        let hasQuantizations = Set(map(\.quantization)).count > 1
        return map { setup in
            var parts = hasModels ? [setup.model] : []
            if hasQuantizations || !(hasModels || hasHardware) { parts.append(setup.quantization) }
            let name = parts.joined(separator: " ")
            guard hasHardware else { return name }
            return name.isEmpty ? setup.hardware : "\(name) on \(setup.hardware)"
        }
    }
}
