import Basics
import Experiments
import Store

/// Which setup for which use, as far as the figures can tell.
///
/// Nobody is named best whom the intervals cannot tell from another.
struct VerdictSection: ReportSection {
    let title = "Verdict"

    func body(_ data: ReportData) -> String? {
        let uses = Use.all(data)
        let parts = data.hosts.compactMap { results -> String? in
            let lines = lines(results, uses, data.snapshot)
            guard !lines.isEmpty else { return nil }
            var paragraphs = [sentence(lines, of: onlyModel(results)), table(lines)]
            if data.hosts.count > 1 {
                paragraphs.insert("### \(Markdown.escape(results.title))", at: 0)
            }
            return paragraphs.joined(separator: "\n\n")
        }
        guard !parts.isEmpty else { return nil }
        return (parts + [Self.explanation]).joined(separator: "\n\n")
    }

    private static let explanation = """
        "No detectable difference" means that the 95 % intervals of the differences from the best, \
        corrected for their number, all contain 0; for shares of the same questions that McNemar's \
        exact test, corrected likewise, does not reject. Models of random weights are left out.
        """

    private struct Line {
        let use: Use
        let contest: Contest
    }

    private func lines(
        _ results: ReportData.HostResults, _ uses: [Use], _ snapshot: StoreSnapshot
    ) -> [Line] {
        let setups = results.setups.filter { !$0.isSynthetic }
        let names = setups.shortNames()
        return uses.compactMap { use in
            let candidates = zip(setups, names).compactMap { setup, name in
                use.metric(setup).map {
                    Contest.Candidate(name: name, metric: $0, attempt: use.attempt?(setup))
                }
            }
            return Contest(
                candidates, higherIsBetter: use.higherIsBetter, paired: snapshot.pairedOutcomes
            ).map { Line(use: use, contest: $0) }
        }
    }

    /// The one model that all lines are about; nil where there are several.
    private func onlyModel(_ results: ReportData.HostResults) -> String? {
        let models = results.setups.filter { !$0.isSynthetic }.map(\.model).unique()
        return models.count == 1 ? models[0] : nil
    }

    // MARK: The sentence

    /// `q4_0 reads fastest and takes the least memory. No detectable difference in knowledge.`.
    private func sentence(_ lines: [Line], of model: String?) -> String {
        let contested = lines.filter { $0.contest.candidates.count > 1 }
        guard !contested.isEmpty else {
            return "One setup was measured; there is nothing to compare it with."
        }
        let settled = contested.filter(\.contest.isSettled)
        var sentences = settled.map(\.contest.best.name).unique().map { name in
            let praises = settled.filter { $0.contest.best.name == name }.map(\.use.praise)
            return "**\(Markdown.escape(name))** \(Figures.list(praises.unique()))."
        }
        let open = contested.filter { !$0.contest.isSettled }.map(\.use.field).unique()
        if !open.isEmpty {
            sentences.append("No detectable difference \(Figures.list(open)).")
        }
        if let model { sentences.insert("Of \(Markdown.escape(model)):", at: 0) }
        return sentences.joined(separator: " ")
    }

    // MARK: The table

    private func table(_ lines: [Line]) -> String {
        let columns: [TableColumn<Line>] = [
            TableColumn("Use") { $0.use.name },
            TableColumn("Measured by") { $0.use.measure },
            TableColumn("Best") { best($0.contest) },
            TableColumn("Figure", .right) { figure($0) },
            TableColumn("How sure") { certainty($0) },
        ]
        return MarkdownTable(columns: columns, rows: lines).markdown()
    }

    private static let namedLeaders = 3

    private func best(_ contest: Contest) -> String {
        if contest.isOpen { return "no detectable difference" }
        let names = contest.candidates.prefix(contest.leaders).map(\.name)
        guard names.count > Self.namedLeaders else { return Figures.list(names) }
        return "\(names.count) of \(contest.candidates.count) alike"
    }

    private func figure(_ line: Line) -> String {
        let leaders = line.contest.candidates.prefix(line.contest.leaders)
        let figures = [leaders.first, leaders.last].compactMap { $0 }.map(\.metric)
            .map(line.use.format).unique()
        return figures.joined(separator: " to ")
    }

    private func certainty(_ line: Line) -> String? {
        let contest = line.contest
        guard contest.candidates.count > 1 else { return "the only one measured" }
        var parts: [String] = []
        if contest.leaders > 1 {
            if let count = contest.best.metric.count, line.use.isShare {
                parts.append("\(Figures.counted(count, "question")) each")
            }
            parts += needed(line)
        }
        if let next = contest.next {
            parts.append(distance(from: next, line))
        }
        if contest.hasBareFigures { parts.append("measured once, without an interval") }
        if let chance = line.use.chance, isGuessing(contest, chance) {
            parts.append("none differs from guessing")
        }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    /// `1.40 times q8_0`.
    private func distance(from next: Contest.Candidate, _ line: Line) -> String {
        let (best, other) = (line.contest.best.metric, next.metric)
        if line.use.isShare {
            let points = NumberFormat.percent(best.value - other.value)
            return "\(points) points before \(next.name)"
        }
        let ratio =
            line.use.higherIsBetter ? best.value / other.value : other.value / best.value
        guard ratio.isFinite, ratio > 0 else { return "before \(next.name)" }
        let times = "\(NumberFormat.fixed(ratio, 2)) times"
        return line.use.higherIsBetter
            ? "\(times) \(next.name)" : "\(next.name) takes \(times) as much"
    }

    /// What would settle it, for the best and the last that it is not told from.
    private func needed(_ line: Line) -> [String] {
        let leaders = line.contest.candidates.prefix(line.contest.leaders)
        guard line.use.isShare, let first = leaders.first, let last = leaders.last,
            let count = line.contest.leadersPaired.map(\.questionsThatSettle)
                ?? MetricDifference.questionsNeeded(first.metric.value, last.metric.value)
        else { return [] }
        return [
            "to tell \(first.name) from \(last.name) takes about "
                + Figures.counted(Self.rounded(count), "question")
        ]
    }

    /// Two digits: more would say more than is known.
    private static func rounded(_ count: Int) -> Int {
        var step = 1
        while count / step >= 100 { step *= 10 }
        return (count + step - 1) / step * step
    }

    private func isGuessing(_ contest: Contest, _ chance: Double) -> Bool {
        contest.candidates.allSatisfy { candidate in
            guard let low = candidate.metric.confidenceLow,
                let high = candidate.metric.confidenceHigh
            else { return false }
            return low <= chance && chance <= high
        }
    }
}
