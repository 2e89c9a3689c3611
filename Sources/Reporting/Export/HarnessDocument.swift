import Basics
import Experiments

/// A question as lm-evaluation-harness's task `mmlu` has it, read back from the text that was
/// asked.
struct HarnessDocument {
    let question: String
    let subject: String
    let choices: [String]
    /// Place of the right choice.
    let answer: Int

    static let letters = ["A", "B", "C", "D"]

    /// nil for a text of another form.
    init?(_ sample: EvaluatedSample) {
        guard let answer = Self.letters.firstIndex(of: sample.answer) else { return nil }
        var rest = sample.question[...]
        guard rest.hasSuffix("\nAnswer:") else { return nil }
        rest = rest.dropLast("\nAnswer:".count)
        var choices: [String] = []
        // From the end: a question may well hold lines that look like choices.
        for letter in Self.letters.reversed() {
            guard let place = rest.lastRange(of: "\n\(letter). ") else { return nil }
            choices.insert(String(rest[place.upperBound...]), at: 0)
            rest = rest[..<place.lowerBound]
        }
        question = String(rest)
        subject = sample.subject
        self.choices = choices
        self.answer = answer
    }

    /// The harness's `doc_hash`: of the document as Python's `json.dumps` indents it.
    var hash: String {
        let listed = choices.map { "    " + JSONString.quoted($0) }.joined(separator: ",\n")
        return SHA256.hex(
            """
            {
              "question": \(JSONString.quoted(question)),
              "subject": \(JSONString.quoted(subject)),
              "choices": [
            \(listed)
              ],
              "answer": \(answer)
            }
            """)
    }

    var json: JSONValue {
        .object([
            "question": .string(question), "subject": .string(subject),
            "choices": .array(choices.map { .string($0) }), "answer": .integer(Int64(answer)),
        ])
    }
}

extension Substring {
    /// Where a text occurs last, compared by bytes.
    fileprivate func lastRange(of text: String) -> Range<Index>? {
        let wanted = Array(text.utf8)
        let bytes = Array(utf8)
        guard wanted.count <= bytes.count else { return nil }
        for start in stride(from: bytes.count - wanted.count, through: 0, by: -1)
        where bytes[start] == wanted[0] && bytes[start..<start + wanted.count].elementsEqual(wanted)
        {
            let lower = utf8.index(utf8.startIndex, offsetBy: start)
            return lower..<utf8.index(lower, offsetBy: wanted.count)
        }
        return nil
    }
}
