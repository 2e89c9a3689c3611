import Basics
import Experiments
import Store

/// What the columns mean and how their figures came about, in a few lines.
struct MethodSection: ReportSection {
    let title = "How it was measured"

    func body(_ data: ReportData) -> String? {
        guard data.hasResults else { return nil }
        let lines =
            accuracy(data) + speed(data) + latency(data) + memory(data)
            + ["Each job ran in a process of its own."]
        return lines.map { "- \($0)" }.joined(separator: "\n")
    }

    private func accuracy(_ data: ReportData) -> [String] {
        let variants = data.accuracyVariants
        guard !variants.isEmpty else { return [] }
        var lines = [
            """
            Accuracy: log-likelihood of each answer's letter after the question, prompts and \
            scoring as in lm-evaluation-harness' `mmlu` group. ± is its pooled standard error, \
            in parentheses stands the 95 % Wilson interval.
            """
        ]
        for variant in variants {
            let measured = data.attempts.filter(variant.includes)
            let counts = measured.compactMap { $0.metrics["acc"]?.count }.unique().sorted()
            let subjects = measured.map { attempt in
                attempt.metrics.keys.count { $0.hasPrefix("acc/") && !$0.hasPrefix("acc/group:") }
            }.unique().sorted()
            var line = Markdown.escape(variant.heading)
            line += ": " + counts.map { Figures.counted($0, "question") }.joined(separator: " or ")
            if let most = subjects.last, most > 0 {
                line += " from " + Figures.counted(most, "subject")
            }
            if variant.dataset == "mini-mmlu" {
                line +=
                    ". mini-mmlu was written for this project in MMLU's layout; its figures "
                    + "are not those of MMLU and cannot be compared with published ones"
            }
            lines.append(line + ".")
        }
        return lines
    }

    private func speed(_ data: ReportData) -> [String] {
        let prompts = data.metricNames(prefix: "pp")
        let generations = data.metricNames(prefix: "tg")
        let names = prompts + generations
        guard !names.isEmpty else { return [] }
        let repetitions = data.attempts.flatMap { attempt in
            names.compactMap { attempt.metrics[$0]?.count }
        }.unique().sorted()
        var line = ""
        if !prompts.isEmpty {
            line += "\(listed(prompts)): tokens of a prompt of that length processed per second. "
        }
        if !generations.isEmpty {
            line += "\(listed(generations)): tokens generated per second, that many in a row. "
        }
        line += "As llama-bench does it: random tokens, a warm-up that is not counted, mean ± "
        line += "standard deviation of the repetitions"
        if !repetitions.isEmpty {
            line += " (\(repetitions.map(String.init).joined(separator: " or ")))"
        }
        return [line + "."]
    }

    private func listed(_ names: [String]) -> String {
        Figures.list(names.map(Markdown.escape))
    }

    private func latency(_ data: ReportData) -> [String] {
        let hasLatency = data.attempts.contains {
            $0.metrics["ttft"] != nil || $0.metrics["itl_p50"] != nil
        }
        guard hasLatency else { return [] }
        return [
            """
            First token: from the request's text to the first sampled token. Between tokens: \
            time from one output token to the next.
            """
        ]
    }

    private func memory(_ data: ReportData) -> [String] {
        let hasMemory = data.attempts.contains { attempt in
            ["peak_resident_bytes", "weights_bytes"].contains { attempt.metrics[$0] != nil }
        }
        guard hasMemory else { return [] }
        return [
            """
            Size: stored bytes of all tensors. Peak memory: the largest resident set of the \
            job's process, where a mapped file counts as far as it was touched. 1 MiB is \
            1,048,576 bytes.
            """
        ]
    }
}
