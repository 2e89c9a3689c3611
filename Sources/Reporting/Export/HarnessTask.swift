import Basics
import Experiments
import Store

/// An accuracy as the harness names and groups it: leaves `mmlu_SUBJECT`, groups `mmlu_stem` and
/// so on, and `mmlu` over all.
struct HarnessTask {
    private let attempt: StoredAttempt
    /// `mmlu`, `mini_mmlu`.
    private let group: String

    init(_ attempt: StoredAttempt) {
        self.attempt = attempt
        group = Self.word(attempt.dataset ?? attempt.taskKind)
    }

    func leaf(_ subject: String) -> String { "\(group)_\(Self.word(subject))" }

    /// `sanitize_task_name` of the harness.
    private static func word(_ text: String) -> String {
        String(
            text.map { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" ? $0 : "_" })
    }

    /// The whole results file.
    func results(model: String, version: String, hashes: [String: JSONValue]) -> JSONValue {
        let groupPrefix = "acc/group:"
        let names = attempt.metrics.keys.sorted()
        let subjects = names.filter { $0.hasPrefix("acc/") && !$0.hasPrefix(groupPrefix) }
            .map { String($0.dropFirst("acc/".count)) }
        let groups = names.filter { $0.hasPrefix(groupPrefix) }
            .map { String($0.dropFirst(groupPrefix.count)) }

        var results: [String: JSONValue] = [:]
        var grouped: [String: JSONValue] = [:]
        for subject in subjects {
            results[leaf(subject)] = scores(leaf(subject), alias: subject, suffix: "/\(subject)")
        }
        for name in groups {
            let full = "\(group)_\(Self.word(name))"
            grouped[full] = scores(full, alias: name, suffix: "/group:\(name)", isGroup: true)
        }
        grouped[group] = scores(group, alias: group, suffix: "", isGroup: true)
        results.merge(grouped) { $1 }

        let leaves = subjects.map(leaf)
        let all = leaves + grouped.keys
        func each(_ names: [String], _ value: (String) -> JSONValue) -> JSONValue {
            .object(Dictionary(names.map { ($0, value($0)) }) { $1 })
        }
        let shots = attempt.taskSettings["num_fewshot"] ?? .null
        return .object([
            "results": .object(results), "groups": .object(grouped),
            "group_subtasks": .object([group: .array(leaves.map { .string($0) })]),
            "configs": each(leaves) { config($0, shots: shots) },
            "versions": each(all) { .number(leaves.contains($0) ? 1 : 2) },
            "n-shot": each(all) { _ in shots },
            "higher_is_better": each(all) { _ in .object(["acc": .bool(true)]) },
            "n-samples": .object(
                Dictionary(
                    subjects.map { subject in
                        let count = JSONValue.integer(
                            Int64(attempt.metrics["acc/\(subject)"]?.count ?? 0))
                        return (leaf(subject), .object(["original": count, "effective": count]))
                    }
                ) { $1 }),
            "config": .object([
                "model": .string("billion"), "model_args": .object(modelArguments),
                "batch_size": .null, "batch_sizes": .array([]), "device": .string(attempt.backend),
                "use_cache": .null, "limit": attempt.taskSettings["limit"] ?? .null,
                "gen_kwargs": .object([:]),
            ]),
            "git_hash": .null, "date": .null, "pretty_env_info": .string("billion \(version)"),
            "transformers_version": .null, "lm_eval_version": .null, "upper_git_hash": .null,
            "task_hashes": .object(hashes), "model_source": .string("billion"),
            "model_name": .string(model), "model_name_sanitized": .string(model),
            "system_instruction": .null, "system_instruction_sha": .null,
            "fewshot_as_multiturn": .null, "chat_template": .null, "chat_template_sha": .null,
            "total_evaluation_time_seconds": .null, "start_time": .string(attempt.startedAt),
            "end_time": attempt.endedAt.map { .string($0) } ?? .null,
        ])
    }

    private var modelArguments: [String: JSONValue] {
        [
            "pretrained": .string(attempt.model), "sha256": .string(attempt.modelDigest),
            "quantization": .string(attempt.quantization),
            "compute": attempt.hardwareSettings["compute"] ?? .null,
            "job_id": .string(attempt.jobID.text),
        ]
    }

    private func config(_ leaf: String, shots: JSONValue) -> JSONValue {
        .object([
            "task": .string(leaf), "dataset_name": .string(attempt.dataset ?? ""),
            "test_split": .string("test"), "fewshot_split": .string("dev"),
            "num_fewshot": shots, "output_type": .string("multiple_choice"),
            "target_delimiter": .string(" "), "fewshot_delimiter": .string("\n\n"),
            "metric_list": .array([
                .object([
                    "metric": .string("acc"), "aggregation": .string("mean"),
                    "higher_is_better": .bool(true),
                ])
            ]),
        ])
    }

    private func scores(
        _ name: String, alias: String, suffix: String, isGroup: Bool = false
    ) -> JSONValue {
        let accuracy = attempt.metrics["acc" + suffix]
        let count = JSONValue.integer(Int64(accuracy?.count ?? 0))
        var members: [String: JSONValue] = [
            "name": .string(name), "alias": .string(alias), "sample_len": count,
            "acc,none": accuracy.map { .number($0.value) } ?? .null,
            // The harness prints this where one question has no standard error.
            "acc_stderr,none": attempt.metrics["acc_stderr" + suffix]
                .map { .number($0.value) } ?? .string("N/A"),
        ]
        if isGroup { members["sample_count"] = .object(["acc,none": count]) }
        return .object(members)
    }
}
