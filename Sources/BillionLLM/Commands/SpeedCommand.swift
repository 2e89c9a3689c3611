import Basics
import LanguageModels
import Tasks
import Tensors

/// Times a model file with llama-bench's tests and field names.
enum SpeedCommand: Command {
    static let specification = CommandSpecification(
        name: "speed", summary: "prompt and decoding rates as llama-bench measures them",
        options: ModelOptions.options + [
            ModelOptions.adapter,
            .init("n-prompt", "N", "tokens of the prompt test (default 512; 0: no such test)"),
            .init("n-gen", "N", "tokens of the decoding test (default 128; 0: no such test)"),
            .init("n-depth", "N", "tokens in the cache before the clock starts (default 0)"),
            .init("n-seq", "N", "sequences decoded together in the decoding test (default 1)"),
            .init("repetitions", "N", "timed runs of each test (default 5)"),
            .init("seed", "S", "seed of the random tokens (default 1234)"),
            .init("json", nil, "a JSON array of rows"),
        ],
        examples: [
            "billion speed --model smollm2-135m-instruct",
            "billion speed --model model.gguf --n-prompt 512 --n-gen 0 --threads 2 --json",
        ])

    /// Field names of `llama-bench -o json`.
    private struct Row: Encodable {
        var build_commit: String
        var build_configuration: String
        var backends: String
        var cpu_info: String
        var kernel_variant: JSONValue
        var model_filename: String
        var model_type: String
        var model_size: Int
        var model_n_params: Int
        var n_batch = DecodingSession.passRows
        var n_ubatch = DecodingSession.passRows
        var n_threads: Int
        var type_k: String
        var type_v: String
        var n_prompt: Int
        var n_gen: Int
        var n_depth: Int
        var n_seq: Int
        var avg_ns: Int
        var stddev_ns: Int
        var avg_ts: Double
        var stddev_ts: Double
        var samples_ns: [UInt64]
        var samples_ts: [Double]

        var test: String {
            (n_prompt > 0 ? "pp\(n_prompt)" : "tg\(n_gen)") + (n_depth > 0 ? " @ d\(n_depth)" : "")
                + (n_seq > 1 ? " @ s\(n_seq)" : "")
        }
    }

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let options = try ModelOptions(arguments)
        let prompt = try arguments.integer("n-prompt", in: 0...1_000_000, default: 512)
        let generated = try arguments.integer("n-gen", in: 0...1_000_000, default: 128)
        let depth = try arguments.integer("n-depth", in: 0...1_000_000, default: 0)
        let sequences = try arguments.integer("n-seq", in: 1...1024, default: 1)
        let repetitions = try arguments.integer("repetitions", in: 1...1000, default: 5)
        guard prompt + generated > 0 else {
            throw UsageError("nothing to time: --n-prompt and --n-gen are both 0.")
        }
        if Program.configuration == "debug" {
            throw UsageError("this is a debug build, whose timings say nothing.")
        }
        let path = try options.path()
        let model = try LanguageModel(
            path: path,
            backend: CPUBackend(threads: options.threads, computation: options.computation),
            adapter: options.adapter)
        let seed = UInt64(try arguments.integer("seed", in: 0...Int.max, default: 1234))
        let measurement = SpeedMeasurement(
            model: model, computation: options.computation, depth: depth,
            capacity: max(prompt, generated),
            seed: seed)

        var rows: [Row] = []
        if prompt > 0 {
            _ = measurement.timePrompt(prompt)
            let times = (0..<repetitions).map { _ in measurement.timePrompt(prompt) }
            rows.append(row(options, model, path, times, prompt: prompt, depth: depth))
        }
        if generated > 0, sequences > 1 {
            let measurement = BatchMeasurement(
                model: model, computation: options.computation, sequences: sequences,
                depth: depth, steps: generated, seed: seed)
            _ = measurement.timeSteps(1)
            let times = (0..<repetitions).map { _ in
                measurement.timeSteps(generated).reduce(0, +)
            }
            rows.append(
                row(
                    options, model, path, times, generated: generated, depth: depth,
                    sequences: sequences))
        } else if generated > 0 {
            _ = measurement.timeSteps(1)
            let times = (0..<repetitions).map { _ in
                measurement.timeSteps(generated).reduce(0, +)
            }
            rows.append(row(options, model, path, times, generated: generated, depth: depth))
        }
        Console.print(arguments.has("json") ? try JSON.text(rows) : table(rows))
        return .success
    }

    private static func row(
        _ options: ModelOptions, _ model: LanguageModel, _ path: String, _ times: [UInt64],
        prompt: Int = 0, generated: Int = 0, depth: Int, sequences: Int = 1
    ) -> Row {
        let rates = SpeedStatistics.rates(
            tokens: (prompt + generated) * sequences, nanoseconds: times)
        // `map(Double.init)` would take the initializer of bit patterns.
        let nanoseconds = times.map { Double($0) }
        let cache = options.computation.cacheFormat.rawValue
        let summary = model.checkpoint.summary
        return Row(
            build_commit: Program.commit ?? "", build_configuration: Program.configuration,
            backends: "CPU", cpu_info: Host.processor,
            kernel_variant: model.backend.facts["kernel_variant"] ?? .null,
            model_filename: path, model_type: modelType(summary), model_size: summary.weightsBytes,
            model_n_params: summary.parameterCount,
            n_threads: options.threads, type_k: cache, type_v: cache, n_prompt: prompt,
            n_gen: generated, n_depth: depth, n_seq: sequences,
            avg_ns: Int((SpeedStatistics.mean(nanoseconds) ?? 0).rounded()),
            stddev_ns: Int((SpeedStatistics.standardDeviation(nanoseconds) ?? 0).rounded()),
            avg_ts: SpeedStatistics.mean(rates) ?? 0,
            stddev_ts: SpeedStatistics.standardDeviation(rates) ?? 0, samples_ns: times,
            samples_ts: rates)
    }

    private static func modelType(_ summary: CheckpointSummary) -> String {
        [summary.name ?? summary.architecture, summary.dominantType].compactMap(\.self)
            .joined(separator: " ")
    }

    private static func table(_ rows: [Row]) -> String {
        var lines = [
            "| model | size | params | backend | threads | test | t/s |",
            "| --- | ---: | ---: | --- | ---: | ---: | ---: |",
        ]
        for row in rows {
            let parameters = NumberFormat.fixed(Double(row.model_n_params) / 1e6, 2)
            let rate = NumberFormat.fixed(row.avg_ts, 2)
            let spread = NumberFormat.fixed(row.stddev_ts, 2)
            lines.append(
                "| \(row.model_type) | \(ByteCount.text(Int64(row.model_size))) | \(parameters) M "
                    + "| \(row.backends) | \(row.n_threads) | \(row.test) | \(rate) ± \(spread) |")
        }
        return lines.joined(separator: "\n")
    }
}
