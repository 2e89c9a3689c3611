import Basics
import Experiments
import Sandbox

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A completion that somebody or something wrote for a problem.
package struct HumanEvalSample: Hashable, Sendable {
    package let problem: HumanEvalProblem
    package let completion: String

    package var program: CheckedProgram { problem.program(completion: completion) }

    /// Reads a file of lines `{"task_id", "completion"}`; other keys are passed over.
    ///
    /// - Throws: `DatasetError` with the line of the first mistake.
    package static func load(path: String, problems: [HumanEvalProblem]) throws
        -> [HumanEvalSample]
    {
        let known = Dictionary(uniqueKeysWithValues: problems.map { ($0.identifier, $0) })
        return try JSONLines.read(path).map { line in
            let row: Row = try line.decode(
                wanted: "a sample with the texts task_id and completion")
            guard let problem = known[row.task_id] else {
                throw DatasetError(
                    line.file, line: line.number,
                    "task_id '\(row.task_id)' is none of the \(problems.count) problems, which "
                        + "begin with '\(problems.first?.identifier ?? "")'.")
            }
            return HumanEvalSample(problem: problem, completion: row.completion)
        }
    }

    private struct Row: Decodable {
        var task_id: String
        var completion: String
    }
}

/// Counts of right samples, and what follows from them.
package struct HumanEvalScores: Sendable {
    private var counts: [String: (samples: Int, right: Int)] = [:]

    package init() {}

    package mutating func add(_ problem: String, isRight: Bool) {
        counts[problem, default: (0, 0)].samples += 1
        if isRight { counts[problem, default: (0, 0)].right += 1 }
    }

    package func passAtK(_ k: Int) -> Double? { PassAtK.mean(ordered, k: k) }

    /// In an order that is always the same, and so are the sums.
    private var ordered: [(samples: Int, right: Int)] {
        counts.values.sorted { ($0.samples, $0.right) < ($1.samples, $1.right) }
    }

    /// pass@k with its interval; nil where a problem has fewer than k samples, or there is none.
    ///
    /// The interval is Wilson's for as many trials as there are problems. With several samples a
    /// problem's estimate is a share, which varies at most as much as a yes or no of the same mean:
    /// the interval is then somewhat too wide, and never too narrow.
    func metric(k: Int) -> Metric? {
        guard let value = passAtK(k) else { return nil }
        let estimates = ordered.map {
            PassAtK.estimate(samples: $0.samples, right: $0.right, k: k)
        }
        let interval = WilsonInterval(share: value, trials: estimates.count)
        let name = "pass@\(k)"
        return Metric(
            name: name, value: value, unit: "fraction", higherIsBetter: true,
            count: estimates.count,
            standardDeviation: SpeedStatistics.standardDeviation(estimates),
            confidenceLow: interval?.low, confidenceHigh: interval?.high)
    }

    /// One line, as in `150 of 164 samples passed, 164 problems, pass@1 0.9146`.
    package var summary: String {
        let samples = counts.values.reduce(0) { $0 + $1.samples }
        let right = counts.values.reduce(0) { $0 + $1.right }
        let estimates = [1, 10, 100].compactMap { k in
            passAtK(k).map { ", pass@\(k) \(fourDigits($0))" }
        }
        return "\(right) of \(samples) samples passed, \(counts.count) problems"
            + estimates.joined() + "."
    }

    private func fourDigits(_ share: Double) -> String {
        let whole = Int((share * 10000).rounded())
        let digits = String(whole % 10000)
        return "\(whole / 10000)." + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
