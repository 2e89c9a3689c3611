import Basics
import Experiments
import LanguageModels
import Sandbox

/// One job of either protocol: generates what is missing, runs it, and counts.
///
/// Samples are run when some are there, on all of the job's threads, while generating waits: both
/// want the whole machine, and a program that had to share it could run out of time for that
/// reason alone.
final class HumanEvalRun {
    private let context: TaskContext
    private let `protocol`: HumanEvalProtocol
    private let chat: HarnessChat?
    private let settings: HumanEvalSettings
    private let problems: [HumanEvalProblem]
    /// Places in `problems` of those that are asked.
    private let places: [Int]
    private let tokenizer: Tokenizer
    private var texts: [Key: SampleText] = [:]
    private var starts: [Key: ContinuousClock.Instant] = [:]
    private var generated: [GeneratedSample] = []
    private var records: [Int: JobRecord]
    /// Tokens since the last programs were run, and when that was over.
    private var segment = (tokens: 0, start: ContinuousClock.now)
    private var segmentCount: Int

    /// A sample by its problem's place in the file.
    private struct Key: Hashable {
        let problem: Int
        let sample: Int
    }

    private struct GeneratedSample {
        let key: Key
        let completion: String
        let tokenCount: Int
        let seconds: Double
    }

    /// What a record of a sample is called.
    static let recordKind = "generation"
    /// What the timings of generating between two rounds of tests are called.
    private static let timingName = "generation"
    /// So many samples for each thread are run together.
    private static let checksPerThread = 8

    init(_ context: TaskContext, protocol: HumanEvalProtocol, chat: HarnessChat?) throws {
        self.context = context
        self.protocol = `protocol`
        self.chat = chat
        settings = try HumanEvalSettings(context)
        let path = try context.datasetPath()
        let name = try context.string("dataset")
        try context.expectDataset(name, digest: HumanEvalProblem.digest(of: path))
        problems = try HumanEvalProblem.load(path: path)
        places = settings.limit.places(of: problems.count, by: settings.order, group: name)
        tokenizer = try context.model.tokenizer()
        records = Dictionary(
            (context.completed.records[Self.recordKind] ?? []).map { ($0.index, $0) },
            uniquingKeysWith: { $1 })
        segmentCount = context.completed.timings[Self.timingName]?.count ?? 0
    }

    func run() throws {
        // First, so that nothing is generated that cannot be run.
        let sandbox = try openSandbox()
        try context.fact("sandbox", .string(sandbox.layers.joined(separator: "; ")))
        try context.fact("python", .string(sandbox.python.version))
        try context.fact("prompt_template", .string(templateName))
        try generate(on: sandbox)
        for metric in metrics() { try context.metric(metric) }
    }

    private var templateName: String {
        switch self.protocol {
        case .completion: "lm-evaluation-harness humaneval 1.0"
        case .instruct:
            "lm-evaluation-harness humaneval_instruct 4.0"
                + (chat == nil ? ", without a chat template" : ", chat template")
        }
    }

    private func openSandbox() throws -> Sandbox {
        do throws(SandboxError) {
            return try Sandbox.open(
                python: .find(), isolation: settings.allowsUnsafeCode ? .none : .full,
                limits: SandboxLimits(time: settings.timeout))
        } catch {
            switch error {
            case .refused(let reason):
                throw JobFailure.skipped(
                    reason: reason
                        + " Nothing was run; --unsafe-code runs programs without a sandbox.")
            case .python(let reason): throw JobFailure.skipped(reason: reason)
            case .broken(let reason): throw JobFailure.failed(reason: reason)
            }
        }
    }

    // MARK: - Generating

    private func index(_ key: Key) -> Int { key.problem * settings.repeats + key.sample }

    private func generate(on sandbox: Sandbox) throws {
        let shape = context.model.shape
        guard shape.contextLength > settings.tokenLimit else {
            throw TaskError(
                "max_gen_toks: \(settings.tokenLimit) leaves no room for a prompt in the model's "
                    + "context of \(shape.contextLength) tokens. Set it lower.")
        }
        var prompts: [BatchGenerator.Prompt] = []
        var keys: [[Key]] = []
        for place in places {
            let open = (0..<settings.repeats).map { Key(problem: place, sample: $0) }
                .filter { records[index($0)] == nil }
            guard !open.isEmpty else { continue }
            let problem = problems[place]
            let tokens = tokenizer.encodePrompt(try promptText(problem))
            prompts.append(
                .init(
                    tokens: tokens.suffix(shape.contextLength - settings.tokenLimit),
                    samples: open.map {
                        settings.sampling(
                            seed: context.job.cell.seed, problem: problem.identifier,
                            sample: $0.sample)
                    }))
            keys.append(open)
        }
        guard let longest = prompts.map(\.tokens.count).max() else { return }
        let count = keys.reduce(0) { $0 + $1.count }
        let generator = BatchGenerator(
            model: context.model, width: min(settings.width, count),
            positions: longest + settings.tokenLimit,
            cacheFormat: context.computation.cacheFormat)
        let threads = context.threads
        segment = (0, .now)
        try generator.generate(
            prompts, limit: settings.tokenLimit, stop: tokenizer.endOfGeneration
        ) { id, token in
            try take(token, keys[id.prompt][id.sample])
        } ended: { id in
            finish(keys[id.prompt][id.sample])
            if generated.count >= threads * Self.checksPerThread {
                try check(on: sandbox, workers: threads)
            }
        }
        try check(on: sandbox, workers: threads)
    }

    /// The text that the model goes on with.
    private func promptText(_ problem: HumanEvalProblem) throws -> String {
        guard let user = self.protocol.userText(problem) else {
            return self.protocol.openText(problem)
        }
        guard let chat else { return user + self.protocol.openText(problem) }
        return try chat.text(of: [.user(user), .assistant(self.protocol.openText(problem))])
    }

    private func take(_ token: Int32, _ key: Key) throws -> Bool {
        if texts[key] == nil {
            // As in the harness, its text ends a sample too, when ordinary tokens spell it.
            let endOfText = tokenizer.eosID.map { [tokenizer.text(of: $0)] } ?? []
            texts[key] = SampleText(
                tokenizer, decoding: settings.decoding,
                ends: HumanEvalProtocol.stops + endOfText.filter { !$0.isEmpty })
            starts[key] = .now
            try context.progress(
                problems[key.problem].identifier, records.count,
                of: places.count * settings.repeats)
        }
        segment.tokens += 1
        return texts[key]?.append(token) ?? false
    }

    private func finish(_ key: Key) {
        guard var text = texts.removeValue(forKey: key), let start = starts.removeValue(forKey: key)
        else { return }
        generated.append(
            GeneratedSample(
                key: key, completion: self.protocol.completion(of: text.finish()),
                tokenCount: text.tokenCount, seconds: (.now - start).seconds))
    }

    // MARK: - Running and counting

    private func check(on sandbox: Sandbox, workers: Int) throws {
        guard !generated.isEmpty else { return }
        let elapsed = (ContinuousClock.now - segment.start).components
        try context.timing(
            TimingSample(
                name: Self.timingName, repetition: segmentCount, tokens: segment.tokens,
                nanoseconds: UInt64(elapsed.seconds) * 1_000_000_000
                    + UInt64(elapsed.attoseconds / 1_000_000_000)))
        segmentCount += 1
        defer { segment = (0, .now) }
        let samples = generated
        generated = []
        _ = try sandbox.check(
            samples.map { problems[$0.key.problem].program(completion: $0.completion) },
            workers: workers
        ) { place, outcome in
            let record = record(samples[place], outcome)
            try context.record(record)
            records[record.index] = record
            try context.progress(
                problems[samples[place].key.problem].identifier, records.count,
                of: places.count * settings.repeats)
        }
    }

    private func record(_ sample: GeneratedSample, _ outcome: CheckOutcome) -> JobRecord {
        let problem = problems[sample.key.problem]
        var values: [String: JSONValue] = [
            "problem": .string(problem.identifier),
            "sample": .integer(Int64(sample.key.sample)),
            "prompt": .string(problem.prompt),
            "completion": .string(sample.completion),
            "tokens": .integer(Int64(sample.tokenCount)),
            "generation_seconds": .number(sample.seconds),
            "test_seconds": .number(outcome.duration.seconds),
            "passed": .bool(outcome.verdict.isPass),
        ]
        switch outcome.verdict {
        case .passed: values["verdict"] = .string("passed")
        case .timedOut, .vanished: values["verdict"] = .string("timed out")
        case .failed(let error):
            values["verdict"] = .string("failed")
            values["error"] = .string(error)
        }
        return JobRecord(kind: Self.recordKind, index: index(sample.key), values: values)
    }

    private func metrics() -> [Metric] {
        var scores = HumanEvalScores()
        for place in places {
            for sample in 0..<settings.repeats {
                let record = records[index(Key(problem: place, sample: sample))]
                scores.add(
                    problems[place].identifier,
                    isRight: record?.values["passed"] == .bool(true))
            }
        }
        return settings.passAtK.compactMap { scores.metric(k: $0) }
    }
}
