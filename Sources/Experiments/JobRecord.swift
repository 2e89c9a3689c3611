import Basics

/// One finished unit of a job's work that is neither a question with choices nor a timing: a
/// generated sample, a cycle of speculative decoding, a step of training.
///
/// Kept as it is reported, so that a job that was cut off goes on behind it. Which values a kind
/// has is the task's business; a view of the store names them for queries.
package struct JobRecord: Hashable, Sendable, Codable {
    /// `generation`, `training_step`, ...: one word for the task and the view.
    package var kind: String
    /// From 0; unique among the job's records of this kind.
    package var index: Int
    package var values: [String: JSONValue]

    package init(kind: String, index: Int, values: [String: JSONValue]) {
        self.kind = kind
        self.index = index
        self.values = values
    }
}

/// What an earlier attempt at the same job finished before it was cut off.
///
/// It belongs to the new attempt: a task neither does it again nor reports it, and computes its
/// metrics over this and what it adds.
package struct CompletedWork: Hashable, Sendable {
    /// By index.
    package var samples: [Int: EvaluatedSample] = [:]
    /// By kind, in the order of their indices.
    package var records: [String: [JobRecord]] = [:]
    /// By name, in the order of their repetitions.
    package var timings: [String: [TimingSample]] = [:]

    package static let none = CompletedWork()

    package init() {}

    /// Takes what was reported; progress, facts and metrics are told anew by every attempt.
    ///
    /// - Parameter events: each kind and name in its own order.
    package init(_ events: [JobEvent]) {
        for event in events {
            switch event {
            case .sample(let sample): samples[sample.index] = sample
            case .record(let record): records[record.kind, default: []].append(record)
            case .timing(let timing): timings[timing.name, default: []].append(timing)
            case .progress, .alive, .fact, .metric: break
            }
        }
    }

    package var isEmpty: Bool { samples.isEmpty && records.isEmpty && timings.isEmpty }

    /// The same as events, in an order that depends on nothing but the contents.
    package var events: [JobEvent] {
        let timings = timings.sorted { $0.key < $1.key }.flatMap { $0.value }
        let records = records.sorted { $0.key < $1.key }.flatMap { $0.value }
        let samples = samples.sorted { $0.key < $1.key }.map { $0.value }
        return timings.map { .timing($0) } + records.map { .record($0) }
            + samples.map { .sample($0) }
    }
}
