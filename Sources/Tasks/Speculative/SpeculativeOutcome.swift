import Basics
import Experiments
import LanguageModels

/// What the records of a job come to.
struct SpeculativeOutcome {
    /// Sums over all prompts.
    private(set) var drafted = 0
    private(set) var accepted = 0
    private(set) var cycles = 0
    private var rejections = 0
    private var prompts: [Prompt] = []
    /// By place in a draft, from 0: how often the target came to it, and took it.
    private var places: [(reached: Int, accepted: Int)] = []
    /// By length of a draft, from 1: cycles and accepted tokens.
    private var lengths: [(cycles: Int, accepted: Int)] = []

    /// Times of decoding in seconds, the plain one for as many tokens as the other gave.
    private struct Prompt {
        let category: String
        let plain: Double
        let speculative: Double
        /// With the prompt's pass, and the draft's.
        let plainWhole: Double
        let speculativeWhole: Double
        let tokens: Int
    }

    init(_ records: [JobRecord]) {
        for record in records where record.kind == SpeculativeRun.promptKind { add(prompt: record) }
        for record in records where record.kind == SpeculativeRun.cycleKind { add(cycle: record) }
    }

    private mutating func add(prompt record: JobRecord) {
        drafted += record.integer("drafted")
        accepted += record.integer("accepted")
        cycles += record.integer("cycles")
        rejections += record.integer("rejections")
        // The first token is the prompt's.
        let (own, plain) = (record.integer("tokens") - 1, record.integer("plain_tokens") - 1)
        guard own > 0, plain > 0, case .string(let category)? = record.values["category"] else {
            return
        }
        let scale = Double(own) / Double(plain)
        let plainSeconds = record.seconds("plain_ns") * scale
        prompts.append(
            Prompt(
                category: category, plain: plainSeconds,
                speculative: record.seconds("speculative_ns"),
                plainWhole: plainSeconds + record.seconds("plain_prompt_ns"),
                speculativeWhole: record.seconds("speculative_ns")
                    + record.seconds("target_prompt_ns") + record.seconds("draft_prompt_ns"),
                tokens: own))
    }

    private mutating func add(cycle record: JobRecord) {
        let (length, taken) = (record.integer("drafted"), record.integer("accepted"))
        guard length > 0 else { return }
        while lengths.count < length { lengths.append((0, 0)) }
        while places.count < length { places.append((0, 0)) }
        lengths[length - 1].cycles += 1
        lengths[length - 1].accepted += taken
        for place in 0..<min(taken + 1, length) {
            places[place].reached += 1
            if place < taken { places[place].accepted += 1 }
        }
    }

    /// Share of right tokens among those that the target came to; nil where nothing was drafted.
    var tokenAcceptance: Double? {
        accepted + rejections > 0 ? Double(accepted) / Double(accepted + rejections) : nil
    }

    /// Tokens of a draft, on average.
    var meanLength: Double? { cycles > 0 ? Double(drafted) / Double(cycles) : nil }

    var tokensPerPass: Double? {
        cycles > 0 ? Double(accepted + cycles) / Double(cycles) : nil
    }

    /// Counts behind the charts, for which a report would have to read every cycle.
    var facts: [(String, JSONValue)] {
        func pairs(_ values: [(Int, Int)]) -> JSONValue {
            .array(values.map { .array([.integer(Int64($0.0)), .integer(Int64($0.1))]) })
        }
        return [
            ("acceptance_by_position", pairs(places.map { ($0.reached, $0.accepted) })),
            ("acceptance_by_length", pairs(lengths.map { ($0.cycles, $0.accepted) })),
        ]
    }

    // MARK: Metrics

    var metrics: [Metric] {
        var metrics: [Metric] = []
        if let speedUp = speedUp("speedup", of: prompts) { metrics.append(speedUp) }
        for category in Set(prompts.map(\.category)).sorted() {
            let own = prompts.filter { $0.category == category }
            if let speedUp = speedUp("speedup/\(category)", of: own) { metrics.append(speedUp) }
        }
        let whole = ratio(prompts.map { ($0.plainWhole, $0.speculativeWhole) })
        if let whole {
            metrics.append(
                Metric(
                    name: "speedup_with_prompt", value: whole.value, unit: "ratio",
                    higherIsBetter: true, count: prompts.count, confidenceLow: whole.interval?.0,
                    confidenceHigh: whole.interval?.1))
        }
        let tokens = Double(prompts.reduce(0) { $0 + $1.tokens })
        if tokens > 0 {
            metrics += [
                Metric(
                    name: "plain_rate", value: tokens / prompts.reduce(0) { $0 + $1.plain },
                    unit: "tokens/s", higherIsBetter: true, count: prompts.count),
                Metric(
                    name: "speculative_rate",
                    value: tokens / prompts.reduce(0) { $0 + $1.speculative }, unit: "tokens/s",
                    higherIsBetter: true, count: prompts.count),
            ]
        }
        if drafted > 0 {
            metrics.append(
                Metric(
                    name: "acceptance", value: Double(accepted) / Double(drafted),
                    unit: "fraction", higherIsBetter: true, count: drafted))
        }
        if let tokenAcceptance {
            metrics.append(
                Metric(
                    name: "token_acceptance", value: tokenAcceptance, unit: "fraction",
                    higherIsBetter: true, count: accepted + rejections))
        }
        if let tokensPerPass, let meanLength {
            metrics += [
                Metric(
                    name: "tokens_per_pass", value: tokensPerPass, unit: "tokens",
                    higherIsBetter: true, count: cycles),
                Metric(
                    name: "accepted_per_cycle", value: tokensPerPass - 1, unit: "tokens",
                    higherIsBetter: true, count: cycles),
                Metric(
                    name: "drafted_per_cycle", value: meanLength, unit: "tokens",
                    higherIsBetter: nil, count: cycles),
            ]
        }
        return metrics
    }

    private func speedUp(_ name: String, of prompts: [Prompt]) -> Metric? {
        ratio(prompts.map { ($0.plain, $0.speculative) }).map { ratio in
            Metric(
                name: name, value: ratio.value, unit: "ratio", higherIsBetter: true,
                count: prompts.count, confidenceLow: ratio.interval?.0,
                confidenceHigh: ratio.interval?.1)
        }
    }

    /// The ratio of two sums over prompts, with the 95 % interval of a ratio estimator (Cochran,
    /// Sampling Techniques, chapter 6): prompts are the sample.
    private func ratio(_ pairs: [(Double, Double)]) -> (
        value: Double, interval: (Double, Double)?
    )? {
        let (above, below) = (
            pairs.reduce(0) { $0 + $1.0 }, pairs.reduce(0) { $0 + $1.1 }
        )
        guard below > 0 else { return nil }
        let value = above / below
        guard pairs.count > 1 else { return (value, nil) }
        let n = Double(pairs.count)
        let squares = pairs.reduce(0) { $0 + ($1.0 - value * $1.1) * ($1.0 - value * $1.1) }
        let error = (squares / (n - 1) / n).squareRoot() / (below / n)
        let reach = StudentT.quantile975(degrees: pairs.count - 1) * error
        return (value, (value - reach, value + reach))
    }
}

extension JobRecord {
    fileprivate func integer(_ key: String) -> Int {
        if case .integer(let value)? = values[key] { return Int(value) }
        return 0
    }

    fileprivate func seconds(_ key: String) -> Double { Double(integer(key)) / 1e9 }
}

/// Quantiles of Student's distribution for intervals over few samples.
enum StudentT {
    /// By degrees of freedom from 1 to 30; beyond, Cornish and Fisher's expansion is exact enough.
    private static let table = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179,
        2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060,
        2.056, 2.052, 2.048, 2.045, 2.042,
    ]

    static func quantile975(degrees: Int) -> Double {
        guard degrees > table.count else { return table[max(degrees, 1) - 1] }
        let z = 1.959964
        return z + (z * z * z + z) / (4 * Double(degrees))
    }
}

extension SpeculativeCosts {
    /// Costs, what the formula makes of them, and the acceptance that it would take.
    ///
    /// - Parameter outcome: nil where nothing was decoded.
    func metrics(length: DraftLength, outcome: SpeculativeOutcome?) -> [Metric] {
        var metrics = [
            Metric(
                name: "draft_cost", value: draftCost, unit: "target steps", higherIsBetter: false)
        ]
        for (place, ratio) in ratios.enumerated().dropFirst() {
            let name = "pass_cost/\(place + 1)"
            metrics.append(
                Metric(name: name, value: ratio, unit: "target steps", higherIsBetter: false))
        }
        let formula = SpeedUpFormula(costs: self)
        let lengths: [Double]
        switch length {
        case .fixed(let count): lengths = [Double(count)]
        case .auto: lengths = (1..<ratios.count).map { Double($0) }
        }
        for (name, speedUp) in [("acceptance_break_even", 1.0), ("acceptance_for_2x", 2.0)] {
            let needed = lengths.compactMap { formula.acceptance(for: speedUp, k: $0) }.min()
            if let needed {
                metrics.append(
                    Metric(name: name, value: needed, unit: "fraction", higherIsBetter: false))
            }
        }
        if let outcome, let acceptance = outcome.tokenAcceptance, let k = outcome.meanLength {
            metrics.append(
                Metric(
                    name: "speedup_predicted", value: formula.speedUp(acceptance, k: k),
                    unit: "ratio", higherIsBetter: true))
        }
        return metrics
    }
}
