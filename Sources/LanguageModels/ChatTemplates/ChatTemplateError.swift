/// Why a chat template cannot be read or rendered, and where in its text.
package struct ChatTemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// The text is no template.
        case syntax
        /// A construct of Jinja that this interpreter does not know.
        case unsupported
        /// What it says cannot be done with the values it met.
        case evaluation
        /// The template itself refused the conversation (`raise_exception`).
        case refused
        /// It is too large, too deep, or would take too long.
        case limit
    }

    package let kind: Kind
    package let position: TemplatePosition
    /// The rest of the sentence.
    package let problem: String

    package var description: String { "chat template:\(position): \(problem)" }

    init(_ kind: Kind, at position: TemplatePosition, _ problem: String) {
        self.kind = kind
        self.position = position
        self.problem = problem
    }
}

/// A place in a template's text, both counted from 1; columns count code points.
package struct TemplatePosition: Hashable, Sendable, CustomStringConvertible {
    package let line: Int
    package let column: Int

    package var description: String { "\(line):\(column)" }
}

/// What a template may use up: its text comes from a file that anybody may have written.
enum TemplateLimits {
    static let sourceBytes = 1 << 20
    static let outputBytes = 1 << 24
    /// Levels of an expression; operators of one rank in a row count as levels too.
    static let expressionDepth = 100
    static let statementDepth = 50
    /// Lists and mappings inside each other.
    static let valueDepth = 100
    /// Units as `TemplateMeter` counts them: about a second of work.
    static let work = 1 << 26
    /// As in Jinja's sandbox.
    static let range = 100_000
}

/// Counts what a rendering has used up.
///
/// One unit is a byte of a text that was made or read; a step of the evaluation and an element of
/// a list count as 16. So time and memory are both bounded by `TemplateLimits.work`.
final class TemplateMeter {
    private var work = 0

    func charge(_ units: Int, at position: TemplatePosition) throws(ChatTemplateError) {
        let (sum, overflow) = work.addingReportingOverflow(units)
        guard !overflow, sum <= TemplateLimits.work else {
            throw ChatTemplateError(
                .limit, at: position,
                "rendering takes too much work: the template loops too often or makes texts "
                    + "that are too long.")
        }
        work = sum
    }

    static let step = 16
}

/// A place of the template together with the meter: what an operation needs to fail properly.
struct TemplateSite {
    let position: TemplatePosition
    let meter: TemplateMeter

    func failure(_ problem: String) -> ChatTemplateError {
        ChatTemplateError(.evaluation, at: position, problem)
    }

    func unsupported(_ problem: String) -> ChatTemplateError {
        ChatTemplateError(.unsupported, at: position, problem)
    }

    /// Pays for `bytes` of text.
    func charge(bytes: Int) throws(ChatTemplateError) { try meter.charge(bytes, at: position) }

    /// Pays for `elements` of a list.
    func charge(elements: Int) throws(ChatTemplateError) {
        let (units, overflow) = elements.multipliedReportingOverflow(by: TemplateMeter.step)
        try meter.charge(overflow ? .max : units, at: position)
    }
}
