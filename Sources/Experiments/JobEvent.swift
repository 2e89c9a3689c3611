import Basics

/// One measured figure.
///
/// Absence is a metric that is not there, never a zero.
package struct Metric: Hashable, Sendable, Codable {
    /// `acc`, `pp512`, `acc/abstract_algebra`: the list with units is in `Sources/README.md`.
    package var name: String
    package var value: Double
    /// `tokens/s`, `bytes`, `fraction`, `s`, ...
    package var unit: String
    /// nil where neither direction is better (a count, say).
    package var higherIsBetter: Bool?
    /// Number of samples or repetitions behind the value.
    package var count: Int?
    /// Sample standard deviation (n - 1) of those.
    package var standardDeviation: Double?
    /// Ends of the 95 % interval; which interval, the task's documentation says.
    package var confidenceLow: Double?
    package var confidenceHigh: Double?

    package init(
        name: String, value: Double, unit: String, higherIsBetter: Bool?, count: Int? = nil,
        standardDeviation: Double? = nil, confidenceLow: Double? = nil,
        confidenceHigh: Double? = nil
    ) {
        self.name = name
        self.value = value
        self.unit = unit
        self.higherIsBetter = higherIsBetter
        self.count = count
        self.standardDeviation = standardDeviation
        self.confidenceLow = confidenceLow
        self.confidenceHigh = confidenceHigh
    }

    /// Whether a metric is the speed of prompts of some length, `pp`, or of generating, `tg`, without
    /// a depth: `pp512`.
    package static func isSpeed(_ name: String, of prefix: String) -> Bool {
        name.hasPrefix(prefix) && name.count > prefix.count
            && name.dropFirst(prefix.count).allSatisfy { $0.isASCII && $0.isNumber }
    }
}

/// One evaluated sample, kept beside the averages so that they can be recomputed.
package struct EvaluatedSample: Hashable, Sendable, Codable {
    /// Position in the job, from 0; unique there.
    package var index: Int
    /// The group that the sample is averaged in, a subject for example.
    package var subject: String
    /// What was asked, without the few-shot prefix.
    package var question: String
    /// Log-probability (natural) of each choice, in the choices' order.
    package var logProbabilities: [Double]
    package var prediction: String
    package var answer: String
    package var isCorrect: Bool

    package init(
        index: Int, subject: String, question: String, logProbabilities: [Double],
        prediction: String, answer: String, isCorrect: Bool
    ) {
        self.index = index
        self.subject = subject
        self.question = question
        self.logProbabilities = logProbabilities
        self.prediction = prediction
        self.answer = answer
        self.isCorrect = isCorrect
    }
}

/// One raw timing, of which the speed metrics are averages.
package struct TimingSample: Hashable, Sendable, Codable {
    /// The metric that it belongs to: `pp512`, `tg128`, `ttft`, `itl`.
    package var name: String
    /// From 0.
    package var repetition: Int
    /// Work done in the interval.
    package var tokens: Int
    package var nanoseconds: UInt64

    package init(name: String, repetition: Int, tokens: Int, nanoseconds: UInt64) {
        self.name = name
        self.repetition = repetition
        self.tokens = tokens
        self.nanoseconds = nanoseconds
    }
}

/// How far a job is, for the progress line.
package struct JobProgress: Hashable, Sendable, Codable {
    /// What is being done: `loading`, `mmlu abstract_algebra`, `pp512 repetition 2`.
    package var phase: String
    package var completed: Int
    package var total: Int
    /// How many tokens went through the model since it was loaded; nil where none is loaded.
    package var tokens: Int?

    package init(phase: String, completed: Int, total: Int, tokens: Int? = nil) {
        self.phase = phase
        self.completed = completed
        self.total = total
        self.tokens = tokens
    }
}

/// What a job says while it runs, in the order in which it happens.
///
/// Results between one `progress` and the next are a unit of work, kept or lost as a whole.
package enum JobEvent: Hashable, Sendable, Codable {
    case progress(JobProgress)
    /// Nothing new, but the job lives: told by the runner's side, never by a task.
    case alive
    /// Something about the engine that belongs beside the results: `kernel_variant`, `threads`,
    /// `compute`, `blas`, `build_configuration`, `provenance`, ...
    case fact(name: String, value: JSONValue)
    case timing(TimingSample)
    case sample(EvaluatedSample)
    case record(JobRecord)
    case metric(Metric)
}

/// Why a job has no result.
package enum JobFailure: Error, Hashable, Sendable, Codable {
    /// It ran and did not succeed; the reason is one sentence.
    case failed(reason: String)
    /// Its process was ended, or ended without a word.
    case ended(FailureCause, reason: String)
    /// It cannot run here (and was not tried), with the reason.
    case skipped(reason: String)
    /// The user stopped it.
    case interrupted
}

/// Runs one job to its end, reporting what happens on the way.
///
/// The runner's implementation starts a child process; the child's runs the model. Tests use a
/// fake. `report` may throw to stop the job (a closed pipe, say).
package protocol JobExecutor: Sendable {
    ///
    /// - Parameter completed: what an earlier attempt finished; it is not reported again.
    func execute(
        _ job: Job, resuming completed: CompletedWork, report: (JobEvent) throws -> Void) throws
}

extension JobExecutor {
    /// Runs a job from its beginning.
    package func execute(_ job: Job, report: (JobEvent) throws -> Void) throws {
        try execute(job, resuming: .none, report: report)
    }
}
