import Basics
import Experiments
import Store

/// Decoding with a draft: what it gained, what the formula says, and what stood in the way.
struct SpeculativeSection: ReportSection {
    let title = "Speculative decoding"

    static let kind = "speculative"

    func body(_ data: ReportData) -> String? {
        let parts = data.hosts.enumerated().compactMap { number, results -> String? in
            let lines = lines(results)
            guard !lines.isEmpty else { return nil }
            let heading = "### \(Markdown.escape(results.title))"
            let chart = chart(data, results, number: number).map(data.reference)
            let parts = [gains(lines), diagnoses(lines), acceptance(lines), chart, costs(lines)]
            return ([heading] + parts.compactMap(\.self)).joined(separator: "\n\n")
        }
        return parts.isEmpty ? nil : ([explanation] + parts).joined(separator: "\n\n")
    }

    private func lines(_ results: ReportData.HostResults) -> [SpeculativeResult] {
        results.setups.flatMap { setup in
            setup.attempts.filter { $0.taskKind == Self.kind }.reversed()
                .map { SpeculativeResult(setup: setup, attempt: $0) }
        }
    }

    func charts(_ data: ReportData) -> [ReportChart] {
        data.hosts.enumerated().compactMap { chart(data, $1, number: $0) }
    }

    /// Acceptance by place in the draft, a line for each job with drafts of two tokens and more.
    private func chart(_ data: ReportData, _ results: ReportData.HostResults, number: Int)
        -> ReportChart?
    {
        func points(_ line: SpeculativeResult) -> [LineChart.Point] {
            line.positions.enumerated().filter { $0.element.0 >= Self.leastReached }.map {
                LineChart.Point(
                    x: Double($0.offset + 1), y: Double($0.element.1) / Double($0.element.0))
            }
        }
        let shown = lines(results).filter { points($0).count > 1 }
        let models = Set(shown.map(\.setup.model))
        let curves = shown.map { LineChart.Line($0.label(among: models), points($0)) }
        return ReportChart(
            "speculative-\(number + 1)",
            LineChart(
                title: data.titled("Acceptance by place in the draft", results),
                summary: "Right tokens of those that the model came to, first to last of a draft.",
                x: ChartAxis("place in the draft"), y: ChartAxis("accepted", .fromZero, .percent),
                lines: curves))
    }

    /// A share of fewer tokens is noise.
    private static let leastReached = 30

    private var explanation: String {
        """
        A draft guesses tokens ahead, and the model verifies them in one pass. Greedy output was \
        compared with plain decoding's in the job itself, token for token; a difference would have \
        failed it. The speed-up is that of decoding after the prompt over plain decoding in the \
        same process, alternating, with a 95 % interval over prompts. Acceptance is the share of \
        right tokens among those that the model came to, c a step of the draft in steps of the \
        model, T(n) a pass of n rows in such steps; predicted is \
        (1 − a^(k+1)) / ((1 − a)(k c + T(k+1))) for the acceptance a and the mean draft of k tokens.
        """
    }

    // MARK: Tables

    private var naming: [TableColumn<SpeculativeResult>] {
        [
            TableColumn("Model") { "\($0.setup.model) \($0.setup.quantization)" },
            TableColumn("Draft") { $0.draft },
            TableColumn("k", .right) { $0.length },
        ]
    }

    private func gains(_ lines: [SpeculativeResult]) -> String? {
        let measured = lines.filter { $0.metric("speedup") != nil }
        guard !measured.isEmpty else { return nil }
        func column(_ name: String, _ metric: String, _ decimals: Int = 2)
            -> TableColumn<SpeculativeResult>
        {
            TableColumn(name, .right, value: { $0.metric(metric)?.value }) {
                NumberFormat.fixed($0, decimals)
            }
        }
        var columns =
            naming + [
                TableColumn(
                    "Speed-up", .right, value: { $0.metric("speedup") },
                    format: SpeculativeResult.withInterval),
                column("predicted", "speedup_predicted"),
            ]
        let categories = measured.flatMap { $0.attempt.metrics.keys }
            .filter { $0.hasPrefix("speedup/") }.unique().sorted()
        columns += categories.map { column(String($0.dropFirst("speedup/".count)), $0) }
        columns += [
            column("with the prompt", "speedup_with_prompt"),
            column("plain (tokens/s)", "plain_rate", 1),
            TableColumn("Acceptance (%)", .right, value: { $0.metric("token_acceptance")?.value }) {
                NumberFormat.percent($0)
            },
            column("Tokens per pass", "tokens_per_pass"), column("c", "draft_cost"),
            TableColumn("T(k+1)", .right, value: { $0.passCost }) { NumberFormat.fixed($0, 2) },
        ]
        return MarkdownTable(columns: columns, rows: measured).withoutEmptyColumns().markdown()
    }

    /// Acceptance by place in the draft, and mean accepted tokens by its length.
    private func acceptance(_ lines: [SpeculativeResult]) -> String? {
        let shown = lines.filter { !$0.positions.isEmpty }
        let most = min(shown.map(\.positions.count).max() ?? 0, 8)
        guard most > 0 else { return nil }
        let positions = (1...most).map { place in
            TableColumn<SpeculativeResult>("token \(place)", .right) { line in
                guard line.positions.count >= place, line.positions[place - 1].0 > 0 else {
                    return nil
                }
                let (reached, accepted) = line.positions[place - 1]
                return NumberFormat.percent(Double(accepted) / Double(reached))
            }
        }
        let lengths = TableColumn<SpeculativeResult>("accepted of drafts of 1, 2, ...") { line in
            let means = line.lengths.prefix(8).map { cycles, accepted in
                cycles > 0
                    ? NumberFormat.fixed(Double(accepted) / Double(cycles), 1) : Markdown.missing
            }
            return means.joined(separator: ", ")
        }
        return "Right tokens of those that the model came to (%), by place in the draft:\n\n"
            + MarkdownTable(columns: naming + positions + [lengths], rows: shown).markdown()
    }

    private func diagnoses(_ lines: [SpeculativeResult]) -> String? {
        let sentences = lines.compactMap { line in
            line.diagnosis.map { "- \(Markdown.escape(line.name)): \(Markdown.escape($0))" }
        }
        return sentences.isEmpty ? nil : sentences.joined(separator: "\n")
    }

    /// What a draft would have to be like, for jobs that decoded nothing.
    private func costs(_ lines: [SpeculativeResult]) -> String? {
        let shown = lines.filter { $0.metric("speedup") == nil && $0.metric("draft_cost") != nil }
        guard !shown.isEmpty else { return nil }
        let rows = [2, 3, 5, 9].map { rows in
            TableColumn<SpeculativeResult>(
                "T(\(rows))", .right, value: { $0.metric("pass_cost/\(rows)")?.value }
            ) { NumberFormat.fixed($0, 2) }
        }
        func needed(_ name: String, _ metric: String) -> TableColumn<SpeculativeResult> {
            TableColumn(name, .right) { line in
                line.metric(metric).map { NumberFormat.percent($0.value) } ?? "out of reach"
            }
        }
        let columns =
            naming + [
                TableColumn("c", .right, value: { $0.metric("draft_cost")?.value }) {
                    NumberFormat.fixed($0, 3)
                }
            ] + rows + [
                needed("Acceptance to break even (%)", "acceptance_break_even"),
                needed("for 2x (%)", "acceptance_for_2x"),
            ]
        return "Costs with random weights, and the acceptance that it takes with the best k:\n\n"
            + MarkdownTable(columns: columns, rows: shown).markdown()
    }
}

/// One job of the task.
struct SpeculativeResult {
    let setup: ReportData.Setup
    let attempt: StoredAttempt

    func metric(_ name: String) -> Metric? { attempt.metrics[name] }

    var draft: String {
        (attempt.taskSettings["draft"]?.plainText ?? "").replacing(":", with: " ")
    }

    var length: String { attempt.taskSettings["k"]?.plainText ?? "" }

    var name: String { "\(setup.model) \(setup.quantization) with \(draft), k \(length)" }

    /// A name short enough to stand beside a line: without the model where it goes without saying.
    func label(among models: Set<String>) -> String {
        let target = models.count == 1 ? setup.quantization : "\(setup.model) \(setup.quantization)"
        let own = setup.model + " "
        let shortDraft = draft.hasPrefix(own) ? String(draft.dropFirst(own.count)) : draft
        return "\(target), \(shortDraft) k \(length)"
    }

    static func withInterval(_ metric: Metric) -> String {
        var text = NumberFormat.fixed(metric.value, 2)
        if let low = metric.confidenceLow, let high = metric.confidenceHigh {
            text += " (\(NumberFormat.fixed(low, 2))–\(NumberFormat.fixed(high, 2)))"
        }
        return text
    }

    /// T of a pass over the mean draft and one token more.
    var passCost: Double? {
        guard let k = metric("drafted_per_cycle")?.value else { return nil }
        func cost(_ rows: Int) -> Double? {
            rows == 1 ? 1 : metric("pass_cost/\(rows)")?.value
        }
        let below = Int(k) + 1
        guard let low = cost(below) else { return nil }
        return low + ((cost(below + 1) ?? low) - low) * (k + 1 - Double(below))
    }

    /// By place: how often the model came to it, and took it.
    var positions: [(Int, Int)] { pairs("acceptance_by_position") }
    /// By length: cycles, and tokens accepted in them.
    var lengths: [(Int, Int)] { pairs("acceptance_by_length") }

    private func pairs(_ fact: String) -> [(Int, Int)] {
        guard case .array(let values)? = attempt.facts[fact] else { return [] }
        return values.compactMap { value in
            guard case .array(let pair) = value, pair.count == 2, case .integer(let a) = pair[0],
                case .integer(let b) = pair[1]
            else { return nil }
            return (Int(a), Int(b))
        }
    }

    /// One sentence: what was gained, and which of three things would gain most if it were ideal.
    var diagnosis: String? {
        guard let gained = metric("speedup")?.value else { return nil }
        let factor = "\(NumberFormat.fixed(gained, 2)) times as fast as plain decoding"
        guard let k = metric("drafted_per_cycle")?.value, k > 0,
            let perPass = metric("tokens_per_pass")?.value,
            let c = metric("draft_cost")?.value, let pass = passCost
        else { return "nothing was drafted, and nothing gained or lost: \(factor)." }
        if length == "auto", k < 0.25, gained < 1.05 {
            return "switched off most of the time, for it would not pay: \(factor)."
        }
        let drafting = k * c
        let tokens = NumberFormat.fixed(k, 1)
        let reasons = [
            (
                perPass / pass,
                "the draft is too slow: \(tokens) tokens of it take "
                    + "\(NumberFormat.fixed(drafting, 2)) steps of the model"
            ),
            (
                perPass / (drafting + 1),
                "verification is bound by computing: a pass over a draft of \(tokens) tokens takes "
                    + "\(NumberFormat.fixed(pass, 2)) single steps"
            ),
            (
                (k + 1) / (drafting + pass),
                "acceptance is too low: of \(tokens) drafted tokens "
                    + "\(NumberFormat.fixed(perPass - 1, 1)) are accepted"
            ),
        ]
        guard let most = reasons.max(by: { $0.0 < $1.0 }) else { return nil }
        let ideal = NumberFormat.fixed(most.0, 1)
        return "\(factor); what limits it most is that \(most.1) (without that: \(ideal))."
    }
}
