import Basics
import Experiments
import Store

/// One side of a comparison as a person names it: a run, a job, or a model with or without a
/// quantization.
package enum ComparedSide: Hashable, Sendable {
    case run(Int64)
    /// The beginning of a job's id.
    case job(String)
    case model(String, quantization: String?)

    /// `12`, `v1-3fa9c0de`, `smollm2` or `smollm2:q8_0`.
    package init(_ text: String) throws(ComparisonError) {
        if let number = Int64(text), number >= 0 {
            self = .run(number)
            return
        }
        if text.hasPrefix("v1-"), text.dropFirst(3).allSatisfy(\.isHexDigit) {
            guard text.count >= 3 + Self.shortestID else {
                throw ComparisonError(
                    "'\(text)' is too short for a job: give at least \(Self.shortestID) digits.")
            }
            self = .job(text)
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty }) else {
            throw ComparisonError(
                "'\(text)' names nothing: wanted MODEL, MODEL:QUANTIZATION, the number of a run or "
                    + "the id of a job.")
        }
        self = .model(String(parts[0]), quantization: parts.count == 2 ? String(parts[1]) : nil)
    }

    private static let shortestID = 6

    /// The finished attempts that it stands for, the newest first; never none.
    package func attempts(in snapshot: StoreSnapshot) throws(ComparisonError) -> [StoredAttempt] {
        let done = snapshot.attempts.filter { $0.status == "done" }.sorted { $0.id > $1.id }
        let found: [StoredAttempt]
        switch self {
        case .run(let id): found = done.filter { $0.runID == id }
        case .job(let id): found = done.filter { $0.jobID.text.hasPrefix(id) }
        case .model(let name, let quantization):
            found = done.filter {
                $0.model == name && (quantization == nil || $0.quantization == quantization)
            }
        }
        guard found.isEmpty else { return found }
        throw ComparisonError(absence(done, snapshot))
    }

    private func absence(_ done: [StoredAttempt], _ snapshot: StoreSnapshot) -> String {
        switch self {
        case .run(let id):
            let runs = snapshot.runs.map { String($0.id) }
            guard snapshot.runs.contains(where: { $0.id == id }) else {
                return runs.isEmpty
                    ? "there is no run \(id): the database has none yet."
                    : "there is no run \(id): the database has \(runs.joined(separator: ", "))."
            }
            return "run \(id) has finished no job."
        case .job(let id): return "no finished job's id begins with '\(id)'."
        case .model(let name, let quantization):
            let models = done.map(\.model).unique()
            guard models.contains(name), let quantization else {
                return "no finished job has a model '\(name)'."
                    + Suggestion.sentence(for: name, among: models)
            }
            let others = done.filter { $0.model == name }.map(\.quantization).unique()
            return "'\(name)' was not measured as '\(quantization)', but as "
                + Figures.list(others) + "."
        }
    }

    package var description: String {
        switch self {
        case .run(let id): "run \(id)"
        case .job(let id): "job \(id)"
        case .model(let name, let quantization):
            [name, quantization].compactMap { $0 }.joined(separator: " ")
        }
    }
}

/// Two things that cannot be compared, in one sentence.
package struct ComparisonError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
