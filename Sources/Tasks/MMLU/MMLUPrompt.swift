import LanguageModels

/// The prompts of one subject, character for character those of lm-evaluation-harness.
///
///     The following are multiple choice questions (with answers) about us foreign policy.
///
///     <question>
///     A. <choice>
///     ...
///     Answer: B                     <- each example, then an empty line
///
///     <question>                    <- here `question(_:)` begins
///     ...
///     Answer:
///
/// The whole prompt is `prefix + question(q)`; ` A` to ` D` are scored as its continuations.
/// Tokenize the whole and reuse the longest common prefix of tokens, for a token may reach across
/// the seam.
package struct MMLUPrompt: Sendable {
    /// What is scored after the prompt, in the order of the choices.
    package static let continuations = MMLUDataset.letters.map { " " + $0 }
    /// The same after a conversation.
    package static let answers = MMLUDataset.letters

    /// Description and examples, shared by all questions of the subject.
    package var prefix: String {
        description + examples.map { "\($0.block) \($0.letter)\n\n" }.joined()
    }

    /// What the questions are about, with an empty line.
    private let description: String
    /// Solved questions.
    private let examples: [(block: String, letter: String)]

    /// - Parameter shots: the first so many examples of the `dev` file are shown.
    package init(subject: MMLUDataset.Subject, shots: Int) throws(DatasetError) {
        guard (0...subject.examples.count).contains(shots) else {
            throw DatasetError(
                "dev/\(subject.name)_dev.csv",
                "wanted \(shots) few-shot examples, found \(subject.examples.count). Set "
                    + "num_fewshot to a number from 0 to \(subject.examples.count).")
        }
        let words = subject.name.split(separator: "_").joined(separator: " ")
        examples = subject.examples.prefix(shots).map { (Self.block($0), $0.answerLetter) }
        description =
            "The following are multiple choice questions (with answers) about \(words).\n\n"
    }

    /// The prompt as a conversation, as the harness's `--apply_chat_template` has it; the letters
    /// alone are scored after it.
    ///
    /// - Parameter multiturn: whether each example is a question and its answer
    ///   (`fewshot_as_multiturn`), or all are part of the one question.
    package func conversation(_ question: MMLUDataset.Question, multiturn: Bool) -> [ChatMessage] {
        let own = Self.block(question)
        guard multiturn else {
            let text = examples.map { "\($0.block) \($0.letter)\n\n" }.joined() + own
            return [.system(description), .user(text)]
        }
        return [.system(description)]
            + examples.flatMap { [.user($0.block), .assistant($0.letter)] } + [.user(own)]
    }

    /// The rest of the prompt, which asks one question and ends in `Answer:`.
    package func question(_ question: MMLUDataset.Question) -> String { Self.block(question) }

    /// The question, stripped as Python's `str.strip` does, and the choices, which are not.
    private static func block(_ question: MMLUDataset.Question) -> String {
        let choices = zip(MMLUDataset.letters, question.choices).map { "\($0). \($1)\n" }
        return strippedLikePython(question.text) + "\n" + choices.joined() + "Answer:"
    }

    /// Strips scalars and not characters: `\r\n` is one character in Swift and two in Python.
    static func strippedLikePython(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !isPythonSpace($0) }),
            let last = scalars.lastIndex(where: { !isPythonSpace($0) })
        else { return "" }
        return String(scalars[first...last])
    }

    /// The code points of Python's `str.isspace`, which has four separators more than Unicode's
    /// White_Space.
    private static func isPythonSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029,
            0x202F, 0x205F, 0x3000:
            true
        default: false
        }
    }
}
