import Basics
import Experiments
import Store

/// Results in the files that lm-evaluation-harness writes: `results_TIME.json`, and for each task
/// `samples_TASK_TIME.jsonl`, in a folder per model and quantization.
///
/// Names and keys are those of version 0.4.13. What the store does not have is left out or null:
/// few-shot examples in the arguments, and whether an answer was the likeliest of all tokens.
package struct HarnessExport {
    private let store: ReadOnlyStore
    private let folder: String
    private let version: String

    /// - Parameters:
    ///   - folder: where the models' folders go.
    ///   - version: of this program.
    package init(_ store: ReadOnlyStore, folder: String, version: String) {
        self.store = store
        self.folder = folder
        self.version = version
    }

    /// Writes every job's newest result that has questions.
    ///
    /// - Returns: the files' paths in the folder.
    package func write() throws -> [String] {
        let snapshot = try store.snapshot()
        var written: [String] = []
        for attempt in snapshot.attempts
        where attempt.status == "done" && attempt.metrics["acc"] != nil {
            written += try write(attempt, HarnessTask(attempt))
        }
        return written
    }

    private func write(_ attempt: StoredAttempt, _ task: HarnessTask) throws -> [String] {
        let name = Self.sanitized("\(attempt.model)__\(attempt.quantization)")
        let place = FileSystem.join(folder, name)
        try FileSystem.makeFolder(place)
        let time = Self.time(attempt)
        var files: [String: StreamedFile] = [:]
        var hashes: [String: SHA256] = [:]
        var counts: [String: Int] = [:]
        var names: [String] = []
        try store.eachSample(of: attempt.id) { sample in
            let leaf = task.leaf(sample.subject)
            if files[leaf] == nil {
                let file = "samples_\(leaf)_\(time).jsonl"
                files[leaf] = try StreamedFile(FileSystem.join(place, file))
                names.append("\(name)/\(file)")
                hashes[leaf] = SHA256()
            }
            let line = HarnessSample(sample, number: counts[leaf, default: 0])
            counts[leaf, default: 0] += 1
            hashes[leaf]?.update(line.hashes.joined())
            try files[leaf]?.write(JSON.text(line.json) + "\n")
        }
        for (_, file) in files { try file.finish() }
        let results = task.results(
            model: name, version: version,
            hashes: hashes.mapValues { .string($0.hexDigest()) })
        let file = "results_\(time).json"
        let text = try JSON.text(results) + "\n"
        try FileSystem.write(Array(text.utf8), atomicallyTo: FileSystem.join(place, file))
        return ["\(name)/\(file)"] + names
    }

    /// The time at which the attempt ended as the harness spells it; the last digits are the
    /// attempt's, so that no two attempts share a file.
    private static func time(_ attempt: StoredAttempt) -> String {
        let stamp = (attempt.endedAt ?? attempt.startedAt)
            .prefix { $0 != "." && $0 != "Z" }.replacing(":", with: "-")
        let digits = String(attempt.id % 1_000_000)
        return stamp + "." + String(repeating: "0", count: 6 - digits.count) + digits
    }

    /// `sanitize_model_name` of the harness, and no name that leaves the folder.
    static func sanitized(_ name: String) -> String {
        var result = ""
        var isReplacing = false
        for scalar in name.unicodeScalars {
            let isForbidden = "\"<>:/|\\?*[]".unicodeScalars.contains(scalar) || scalar.value < 0x20
            if !isForbidden { result.unicodeScalars.append(scalar) }
            if isForbidden, !isReplacing { result += "__" }
            isReplacing = isForbidden
        }
        return result.hasPrefix(".") ? "_" + result : result
    }
}

/// A line of a samples file.
private struct HarnessSample {
    let json: JSONValue
    /// Of the document, the prompt and the target.
    let hashes: [String]

    init(_ sample: EvaluatedSample, number: Int) {
        let document = HarnessDocument(sample)
        let target = document.map { String($0.answer) } ?? sample.answer
        // Other texts are exported as they were asked.
        let plain: JSONValue = .object([
            "question": .string(sample.question), "subject": .string(sample.subject),
            "answer": .string(sample.answer),
        ])
        hashes = [
            document?.hash ?? SHA256.hex(sample.question), SHA256.hex(sample.question),
            SHA256.hex(target),
        ]
        var arguments: [String: JSONValue] = [:]
        for index in sample.logProbabilities.indices {
            let letter =
                HarnessDocument.letters.indices.contains(index)
                ? HarnessDocument.letters[index] : String(index)
            arguments["gen_args_\(index)"] = .object([
                "arg_0": .string(sample.question), "arg_1": .string(" " + letter),
            ])
        }
        let responses = sample.logProbabilities.map { score -> JSONValue in
            .array([.string("\(score)"), .string("None")])
        }
        json = .object([
            "doc_id": .integer(Int64(number)), "doc": document?.json ?? plain,
            "target": .string(target), "arguments": .object(arguments),
            "resps": .array(responses.map { .array([$0]) }), "filtered_resps": .array(responses),
            "filter": .string("none"), "metrics": .array([.string("acc")]),
            "doc_hash": .string(hashes[0]), "prompt_hash": .string(hashes[1]),
            "target_hash": .string(hashes[2]), "acc": .number(sample.isCorrect ? 1 : 0),
        ])
    }
}
