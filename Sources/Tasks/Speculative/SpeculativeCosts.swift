import Basics
import Experiments
import LanguageModels
import Tensors

/// What passes take: of the target over several rows, and of the draft over one.
///
/// Medians over random tokens after a context of `depth`, all kinds of passes in turn, so that
/// what disturbs one disturbs all.
struct SpeculativeCosts {
    /// T(n) / T(1) by rows n, from 1.
    let ratios: [Double]
    /// A draft's step by a target's, c; 0 for proposers without a model.
    let draftCost: Double

    private static let depth = 64
    /// Rows that are measured where the draft length is chosen on the way.
    private static let autoRows = 9
    private static let rounds = 9
    /// Passes of a large model take seconds: fewer rounds of them are enough.
    private static let budget = Duration.seconds(40)
    private static let leastRounds = 3
    private static let draftName = "draft_step"

    private static func name(rows: Int) -> String { "verify_\(rows)" }

    /// Measures, unless an earlier attempt has.
    static func measure(_ context: TaskContext, draft: Draft, length: DraftLength) throws
        -> SpeculativeCosts
    {
        var rows = autoRows
        if case .fixed(let count) = length { rows = count + 1 }
        var timings = context.completed.timings.values.flatMap(\.self)
        try context.progress("costs", 0, of: 1)
        if timings.isEmpty {
            timings = try self.timings(context, draft, rows: rows)
            for timing in timings { try context.timing(timing) }
            try context.progress("costs", 1, of: 1)
        }
        return SpeculativeCosts(timings, rows: rows)
    }

    init(ratios: [Double], draftCost: Double) {
        self.ratios = ratios
        self.draftCost = draftCost
    }

    private init(_ timings: [TimingSample], rows: Int) {
        func median(_ name: String) -> Double? {
            SpeedStatistics.percentile(
                50, of: timings.filter { $0.name == name }.map { Double($0.nanoseconds) / 1e9 })
        }
        let step = median(Self.name(rows: 1)) ?? 0
        ratios = (1...rows).map { (median(Self.name(rows: $0)) ?? step) / max(step, 1e-12) }
        draftCost = (median(Self.draftName) ?? 0) / max(step, 1e-12)
    }

    private static func timings(_ context: TaskContext, _ draft: Draft, rows: Int) throws
        -> [TimingSample]
    {
        let (seed, computation) = (context.job.cell.seed, context.computation)
        let target = Passes(
            context.model.makeSession(capacity: depth + rows, computation: computation),
            depth: depth, seed: seed)
        var small: Passes?
        if case .model(let model, _) = draft {
            // As it drafts: what is measured is what a draft costs, not what the model does.
            small = Passes(
                try model.makeDraftSession(capacity: depth + 1, computation: computation),
                depth: depth, seed: seed)
        }
        // Memory and caches are warm after one pass of each kind.
        for count in [1, rows] { _ = target.time(rows: count) }
        _ = small?.time(rows: 1)
        var timings: [TimingSample] = []
        let clock = ContinuousClock()
        let start = clock.now
        for round in 0..<rounds where round < leastRounds || clock.now - start < budget {
            for count in 1...rows {
                timings.append(
                    TimingSample(
                        name: name(rows: count), repetition: round, tokens: count,
                        nanoseconds: target.time(rows: count)))
            }
            if let small {
                timings.append(
                    TimingSample(
                        name: draftName, repetition: round, tokens: 1,
                        nanoseconds: small.time(rows: 1)))
            }
        }
        return timings
    }

    /// T(n) / T(1) for a number of rows that need not be whole, as drafts have on average.
    func ratio(rows: Double) -> Double {
        let below = min(max(Int(rows), 1), ratios.count)
        let above = min(below + 1, ratios.count)
        let part = min(max(rows - Double(below), 0), 1)
        return ratios[below - 1] + (ratios[above - 1] - ratios[below - 1]) * part
    }
}

/// Passes of one model after a context of random tokens.
private final class Passes {
    private let session: DecodingSession
    private let depth: Int
    private var generator: SeededGenerator
    private let clock = ContinuousClock()

    /// - Parameter session: with room for the context and the most rows of a pass.
    init(_ session: DecodingSession, depth: Int, seed: UInt64) {
        self.session = session
        self.depth = depth
        generator = SeededGenerator(seed: seed)
        session.append(tokens(depth))
    }

    /// Nanoseconds of a pass, with the choice of every row's token.
    func time(rows: Int) -> UInt64 {
        session.truncate(to: depth)
        let added = tokens(rows)
        return clock.measure {
            session.append(added, outputs: 0..<rows) { _, logits in _ = LogSoftmax.argmax(logits) }
        }.nanoseconds
    }

    private func tokens(_ count: Int) -> [Int32] {
        (0..<count).map { _ in
            Int32(generator.next(upperBound: UInt64(session.model.shape.vocabulary)))
        }
    }
}

/// The speed-up that the theory gives (Leviathan et al., arXiv 2211.17192, with the cost of a
/// pass of several rows as it was measured): tokens of a cycle by its time in plain steps.
struct SpeedUpFormula {
    let costs: SpeculativeCosts

    /// Tokens of a cycle whose drafted tokens are right with probability `a` each.
    static func tokens(_ a: Double, k: Double) -> Double {
        a >= 1 ? k + 1 : a <= 0 ? 1 : (1 - exponential((k + 1) * logarithm(a))) / (1 - a)
    }

    /// Time of a cycle: k c + T(k + 1) / T(1).
    func time(k: Double) -> Double { k * costs.draftCost + costs.ratio(rows: k + 1) }

    func speedUp(_ a: Double, k: Double) -> Double { Self.tokens(a, k: k) / time(k: k) }

    /// The acceptance from which on drafts of k tokens are so much faster; nil where none is.
    func acceptance(for speedUp: Double, k: Double) -> Double? {
        let wanted = speedUp * time(k: k)
        guard wanted < k + 1 else { return nil }
        var (low, high) = (0.0, 1.0)
        for _ in 0..<50 {
            let middle = (low + high) / 2
            if Self.tokens(middle, k: k) < wanted { low = middle } else { high = middle }
        }
        return high
    }
}
