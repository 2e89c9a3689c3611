import Basics
import Experiments
import Store

/// One way in which a share was measured: dataset, number of examples, other settings.
package struct AccuracyVariant: Hashable {
    /// The figure: `acc`, `pass@1`.
    package let metric: String
    /// `mini-mmlu (5-shot)`.
    ///
    /// Only the datasets `mmlu` and `humaneval` themselves are ever called MMLU and HumanEval.
    package let heading: String
    package let dataset: String
    fileprivate let key: Key

    fileprivate struct Key: Hashable {
        /// The dataset, else the task: two names for one job are one variant.
        let subject: String
        let datasetDigest: String?
        let settings: [String: JSONValue]

        init(_ attempt: StoredAttempt) {
            subject = attempt.dataset ?? attempt.task
            datasetDigest = attempt.datasetDigest
            settings = attempt.taskSettings
        }

        var heading: String {
            let name = Self.properNames[subject] ?? subject
            guard case .integer(let shots) = settings["num_fewshot"] else { return name }
            return "\(name) (\(shots)-shot)"
        }

        private static let properNames = ["mmlu": "MMLU", "humaneval": "HumanEval"]

        var limit: String {
            switch settings["limit"] {
            case .integer(let count): return "limit \(count)"
            case .number(let share): return "limit \(share)"
            default: return "all questions"
            }
        }

        /// The same for the same variant, and for no other.
        var identity: String {
            let settings = (try? JSON.text(JSONValue.object(settings))) ?? ""
            return "\(subject)\n\(datasetDigest ?? "")\n\(settings)"
        }
    }

    /// `mini-mmlu (5-shot)`, or the task's name.
    static func heading(of attempt: StoredAttempt) -> String {
        // What is measured beside answers is no accuracy on their dataset.
        attempt.taskKind == "fidelity" ? attempt.task : Key(attempt).heading
    }

    /// Whether an attempt was measured this way.
    package func includes(_ attempt: StoredAttempt) -> Bool {
        attempt.metrics[metric] != nil && Key(attempt) == key
    }

    /// The newest attempt of a setup that was measured this way.
    package func attempt(of setup: ReportData.Setup) -> StoredAttempt? {
        setup.attempts.first(where: includes)
    }
}

extension ReportData {
    /// The ways in which accuracy was measured.
    package var accuracyVariants: [AccuracyVariant] { variants(of: "acc") }

    /// The ways in which a share was measured, in the order of their first job, each under a
    /// heading of its own.
    package func variants(of metric: String) -> [AccuracyVariant] {
        var keys: [AccuracyVariant.Key] = []
        var seen: Set<AccuracyVariant.Key> = []
        for attempt in attempts.sorted(by: { ($0.jobRow, $0.id) < ($1.jobRow, $1.id) })
        where attempt.metrics[metric] != nil {
            let key = AccuracyVariant.Key(attempt)
            if seen.insert(key).inserted { keys.append(key) }
        }
        return keys.map { key in
            var heading = key.heading
            let alike = keys.filter { $0.heading == heading }
            if alike.count > 1 {
                heading += ", \(key.limit)"
                if alike.count(where: { $0.limit == key.limit }) > 1 {
                    heading += " #\(SHA256.hex(key.identity).prefix(4))"
                }
            }
            return AccuracyVariant(
                metric: metric, heading: heading, dataset: key.subject, key: key)
        }
    }
}
