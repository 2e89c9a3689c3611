import Basics
import Experiments
import LanguageModels

/// Prompt processing and decoding rates as llama-bench defines them, time to first token, and
/// the time between tokens.
package enum SpeedTask: EvaluationTask {
    package static let kind = "speed"
    package static let version = 2
    package static let summary = "prompt and decoding rates as llama-bench measures them"
    package static let needsRealWeights = false
    package static let settings: [Catalog.Setting] = [
        .init(
            "n_prompt", .integer(0...1_000_000), default: .integer(512),
            "tokens of the prompt test pp; 0 leaves it out"),
        .init(
            "n_gen", .integer(0...1_000_000), default: .integer(128),
            "tokens of the decoding test tg; 0 leaves it out"),
        .init(
            "n_depth", .integer(0...1_000_000), default: .integer(0),
            "tokens in the cache before the clock starts"),
        .init(
            "repetitions", .integer(1...1000), default: .integer(5), "timed runs of each test"),
    ]

    package static func run(_ context: TaskContext) throws {
        #if DEBUG
            throw JobFailure.skipped(
                reason: "this is a debug build, whose timings say nothing. Build with "
                    + "`swift build -c release`.")
        #else
            try measure(context)
        #endif
    }

    /// Everything but the check of the build, so that tests can run it.
    static func measure(_ context: TaskContext) throws {
        let promptTokens = try context.integer("n_prompt")
        let generated = try context.integer("n_gen")
        let depth = try context.integer("n_depth")
        let repetitions = try context.integer("repetitions")
        let suffix = depth > 0 ? "@d\(depth)" : ""
        let steps = repetitions * 3
        let measurement = SpeedMeasurement(
            model: context.model, computation: context.computation, depth: depth,
            capacity: max(promptTokens, generated), seed: context.job.cell.seed)
        var sentinel = NoiseSentinel(
            completed: context.completed.records[NoiseSentinel.recordKind] ?? [])

        if promptTokens > 0 {
            let name = "pp\(promptTokens)\(suffix)"
            try context.progress("\(name) warm-up", 0, of: steps)
            var times = context.completedNanoseconds(name)
            if times.count < repetitions { _ = measurement.timePrompt(promptTokens) }
            for repetition in times.count..<repetitions {
                try context.progress(
                    "\(name) repetition \(repetition + 1)", repetition, of: steps)
                times.append(
                    try sentinel.watch(name, repetition: repetition, report: context.record) {
                        measurement.timePrompt(promptTokens)
                    })
                try context.timing(
                    TimingSample(
                        name: name, repetition: repetition, tokens: promptTokens,
                        nanoseconds: times[repetition]))
            }
            try context.metric(rate(name, tokens: promptTokens, times))
        }
        if generated > 0 {
            try measureDecoding(
                context, measurement, &sentinel, name: "tg\(generated)\(suffix)", count: generated,
                repetitions: repetitions, steps: steps)
        }
        if promptTokens > 0, depth == 0 {
            try measureFirstToken(
                context, measurement, &sentinel, count: promptTokens, repetitions: repetitions,
                steps: steps)
        }
        if let verdict = sentinel.verdict { try context.fact("noisy", .string(verdict)) }
    }

    private static func measureDecoding(
        _ context: TaskContext, _ measurement: SpeedMeasurement, _ sentinel: inout NoiseSentinel,
        name: String, count: Int, repetitions: Int, steps: Int
    ) throws {
        var totals = context.completedNanoseconds(name)
        var latencies = context.completedNanoseconds("itl").map { Double($0) / 1e9 }
        if totals.count < repetitions { _ = measurement.timeSteps(1) }
        for repetition in totals.count..<repetitions {
            try context.progress(
                "\(name) repetition \(repetition + 1)", repetitions + repetition, of: steps)
            let times = try sentinel.watch(name, repetition: repetition, report: context.record) {
                measurement.timeSteps(count)
            }
            totals.append(times.reduce(0, +))
            try context.timing(
                TimingSample(
                    name: name, repetition: repetition, tokens: count,
                    nanoseconds: totals[repetition]))
            for (step, time) in times.enumerated() {
                try context.timing(
                    TimingSample(
                        name: "itl", repetition: repetition * count + step, tokens: 1,
                        nanoseconds: time))
            }
            latencies += times.map { Double($0) / 1e9 }
        }
        try context.metric(rate(name, tokens: count, totals))
        let values = [
            ("itl_mean", SpeedStatistics.mean(latencies)),
            ("itl_p50", SpeedStatistics.percentile(50, of: latencies)),
            ("itl_p95", SpeedStatistics.percentile(95, of: latencies)),
        ]
        for case (let name, let value?) in values {
            try context.metric(
                Metric(
                    name: name, value: value, unit: "s", higherIsBetter: false,
                    count: latencies.count))
        }
    }

    private static func measureFirstToken(
        _ context: TaskContext, _ measurement: SpeedMeasurement, _ sentinel: inout NoiseSentinel,
        count: Int, repetitions: Int, steps: Int
    ) throws {
        let tokenizer: Tokenizer
        do {
            tokenizer = try context.model.tokenizer()
        } catch {
            // Rates need no text; the time to first token does, and is absent without it.
            try context.fact("ttft_absent", .string("\(error)"))
            return
        }
        // Long enough for every tokenizer: no token of prose is longer than its text.
        let text = String(repeating: prose, count: count * 8 / prose.utf8.count + 1)
        var seconds = context.completedNanoseconds("ttft").map { Double($0) / 1e9 }
        for repetition in seconds.count..<repetitions {
            try context.progress(
                "ttft repetition \(repetition + 1)", 2 * repetitions + repetition, of: steps)
            let time = try sentinel.watch(
                "ttft", repetition: repetition, report: context.record
            ) {
                measurement.timeToFirstToken(text, count: count, tokenizer: tokenizer)
            }
            try context.timing(
                TimingSample(
                    name: "ttft", repetition: repetition, tokens: count, nanoseconds: time))
            seconds.append(Double(time) / 1e9)
        }
        if let mean = SpeedStatistics.mean(seconds) {
            try context.metric(
                Metric(
                    name: "ttft", value: mean, unit: "s", higherIsBetter: false,
                    count: repetitions,
                    standardDeviation: SpeedStatistics.standardDeviation(seconds)))
        }
    }

    private static func rate(_ name: String, tokens: Int, _ times: [UInt64]) -> Metric {
        let rates = SpeedStatistics.rates(tokens: tokens, nanoseconds: times)
        return Metric(
            name: name, value: SpeedStatistics.mean(rates) ?? 0, unit: "tokens/s",
            higherIsBetter: true, count: rates.count,
            standardDeviation: SpeedStatistics.standardDeviation(rates))
    }

    private static let prose = """
        The river had been rising since morning, and by noon the lower field was a lake. Anna \
        counted the sheep twice, wrote the number down, and walked back along the wall to tell \
        the others that nothing was lost yet.

        """
}

extension TaskContext {
    /// What an earlier attempt measured; its repetitions are the first ones.
    fileprivate func completedNanoseconds(_ name: String) -> [UInt64] {
        completed.timings[name]?.map(\.nanoseconds) ?? []
    }
}
