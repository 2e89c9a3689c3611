import Basics
import Experiments
import Store

extension Comparison {
    /// What `billion compare` prints: lines for a terminal, without a final newline.
    package var text: String {
        var blocks = ["A  \(a.description)\nB  \(b.description)"]
        for part in parts { blocks.append(([title(part)] + lines(part)).joined(separator: "\n")) }
        return blocks.joined(separator: "\n\n")
    }

    private func title(_ part: Part) -> String {
        var names = [part.heading]
        // Where a side is a run, the cells tell the parts apart.
        if part.a.model == part.b.model, part.a.quantization == part.b.quantization {
            names.append("\(part.a.model) \(part.a.quantization)")
        }
        names.append(part.a.hardware)
        if let other = part.otherHost {
            names.append("A on \(part.host), B on \(other)")
        } else {
            names.append(part.host)
        }
        return names.joined(separator: ", ")
    }

    private func lines(_ part: Part) -> [String] {
        var lines: [String] = []
        if let questions = part.questions { lines += self.lines(questions) }
        if !part.figures.isEmpty { lines += table(part.figures) }
        return lines
    }

    private func lines(_ questions: Questions) -> [String] {
        let paired = questions.paired
        var shared = "\(Figures.counted(paired.count, "question")) in common"
        if questions.askedA != paired.count || questions.askedB != paired.count {
            shared +=
                " (A was asked \(NumberFormat.grouped(questions.askedA)), "
                + "B \(NumberFormat.grouped(questions.askedB)))"
        }
        let p = paired.exactP
        return [
            "  \(shared)",
            "  right: A \(paired.rightA) (\(Findings.share(paired.rightA, of: paired.count)) %), "
                + "B \(paired.rightB) (\(Findings.share(paired.rightB, of: paired.count)) %); "
                + "only A \(paired.onlyA), only B \(paired.onlyB)",
            "  B less A: \(Findings.difference(paired) ?? Markdown.missing) points, 95 % interval",
            "  McNemar's exact p \(Findings.probability(p)): \(Findings.questions(paired, p: p))",
        ]
    }

    private func table(_ figures: [Figure]) -> [String] {
        let header = ["", "A", "B", "B / A", "95 % interval", ""]
        let rows = figures.map { figure in
            [
                figure.a.name, value(figure.a), value(figure.b),
                figure.ratio.map { NumberFormat.fixed($0.ratio, 3) } ?? Markdown.missing,
                figure.ratio.flatMap(interval) ?? "", Findings.speed(figure) ?? "",
            ]
        }
        let table = [header] + rows
        let widths = header.indices.map { column in
            table.map { $0[column].count }.max() ?? 0
        }
        return table.map { row in
            var line = "  "
            for (column, cell) in row.enumerated() {
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                line += column == 0 || column == 5 ? cell + blanks : blanks + cell
                line += "  "
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    private func interval(_ ratio: RatioOfMeans) -> String? {
        guard let low = ratio.low, let high = ratio.high else { return nil }
        return "\(NumberFormat.fixed(low, 3)) to \(NumberFormat.fixed(high, 3))"
    }

    private func value(_ metric: Metric) -> String {
        switch metric.unit {
        case "bytes": Figures.bytes(metric)
        case "tokens/s": Figures.withSpread(metric) + " t/s"
        case "s": Figures.milliseconds(metric) + " ms"
        case "fraction": NumberFormat.percent(metric.value) + " %"
        default: NumberFormat.fixed(metric.value, 4)
        }
    }
}

extension Comparison {
    /// The same for programs.
    package var json: JSONValue {
        .object([
            "a": .string(a.description), "b": .string(b.description),
            "parts": .array(parts.map(json)),
        ])
    }

    private func json(_ part: Part) -> JSONValue {
        var members: [String: JSONValue] = [
            "task": .string(part.heading), "hardware": .string(part.a.hardware),
            "host": .string(part.host), "a": side(part.a), "b": side(part.b),
            "metrics": .array(part.figures.map(json)),
        ]
        if let other = part.otherHost { members["other_host"] = .string(other) }
        if let questions = part.questions { members["questions"] = json(questions) }
        return .object(members)
    }

    private func side(_ attempt: StoredAttempt) -> JSONValue {
        .object([
            "model": .string(attempt.model), "quantization": .string(attempt.quantization),
            "job_id": .string(attempt.jobID.text), "run_id": .integer(attempt.runID),
        ])
    }

    private func json(_ questions: Questions) -> JSONValue {
        let paired = questions.paired
        return .object([
            "shared": .integer(Int64(paired.count)), "asked_a": .integer(Int64(questions.askedA)),
            "asked_b": .integer(Int64(questions.askedB)),
            "right_a": .integer(Int64(paired.rightA)), "right_b": .integer(Int64(paired.rightB)),
            "only_a": .integer(Int64(paired.onlyA)), "only_b": .integer(Int64(paired.onlyB)),
            "difference": Self.number(paired.difference),
            "ci_low": Self.number(paired.interval?.low),
            "ci_high": Self.number(paired.interval?.high), "mcnemar_p": .number(paired.exactP),
            "questions_to_settle": paired.questionsThatSettle.map { .integer(Int64($0)) } ?? .null,
            "finding": .string(Findings.questions(paired, p: paired.exactP)),
        ])
    }

    private func json(_ figure: Figure) -> JSONValue {
        .object([
            "metric": .string(figure.a.name), "unit": .string(figure.a.unit),
            "a": .number(figure.a.value), "b": .number(figure.b.value),
            "ratio": Self.number(figure.ratio?.ratio), "ci_low": Self.number(figure.ratio?.low),
            "ci_high": Self.number(figure.ratio?.high), "p": Self.number(figure.ratio?.p),
            "finding": Findings.speed(figure).map { .string($0) } ?? .null,
        ])
    }

    private static func number(_ value: Double?) -> JSONValue {
        value.flatMap { $0.isFinite ? .number($0) : nil } ?? .null
    }
}
