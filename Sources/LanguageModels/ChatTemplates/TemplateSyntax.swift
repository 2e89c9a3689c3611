/// An expression of a template, parsed.
struct TemplateExpression: Sendable {
    indirect enum Kind: Sendable {
        case constant(TemplateValue)
        case variable(String)
        case list([TemplateExpression], isTuple: Bool)
        case mapping([(key: TemplateExpression, value: TemplateExpression)])
        /// `a.b`
        case attribute(TemplateExpression, String)
        /// `a[b]`
        case item(TemplateExpression, TemplateExpression)
        case slice(TemplateExpression, TemplateSlice)
        case call(TemplateExpression, TemplateArguments)
        case filter(TemplateExpression, String, TemplateArguments)
        /// `a is b`
        case test(TemplateExpression, String, TemplateArguments)
        case not(TemplateExpression)
        case negative(TemplateExpression)
        case positive(TemplateExpression)
        case and(TemplateExpression, TemplateExpression)
        case or(TemplateExpression, TemplateExpression)
        /// `a < b <= c`
        case comparison(TemplateExpression, [(TemplateComparison, TemplateExpression)])
        case arithmetic(TemplateExpression, TemplateArithmetic, TemplateExpression)
        /// `a ~ b ~ c`
        case concatenation([TemplateExpression])
        case conditional(
            condition: TemplateExpression, then: TemplateExpression, otherwise: TemplateExpression?)
    }

    let kind: Kind
    let position: TemplatePosition
    /// Levels, itself included; the parser keeps it small.
    let depth: Int
}

/// `a[lower:upper:step]`.
struct TemplateSlice: Sendable {
    var lower: TemplateExpression?
    var upper: TemplateExpression?
    var step: TemplateExpression?
}

struct TemplateArguments: Sendable {
    var positional: [TemplateExpression] = []
    var named: [(name: String, value: TemplateExpression)] = []
}

enum TemplateComparison: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case isNotIn = "not in"
}

enum TemplateArithmetic: String, Sendable {
    case plus = "+"
    case minus = "-"
    case times = "*"
    case dividedBy = "/"
    case floorDividedBy = "//"
    case modulo = "%"
}

/// What a template does, in order.
indirect enum TemplateStatement: Sendable {
    case text(String)
    case output(TemplateExpression)
    case loop(TemplateForLoop)
    /// The first branch whose condition is true; a branch without one is `else`.
    case branches([(condition: TemplateExpression?, body: [TemplateStatement])])
    case assignment(TemplateTarget, TemplateExpression)
    /// `{% set name %}...{% endset %}`
    case capture(TemplateTarget, [TemplateStatement])
    case block([TemplateStatement])
    case stopLoop, nextIteration
}

struct TemplateForLoop: Sendable {
    let target: TemplateTarget
    let iterable: TemplateExpression
    /// `for x in y if condition`.
    let condition: TemplateExpression?
    let body: [TemplateStatement]
    /// What happens when there was no element.
    let otherwise: [TemplateStatement]
}

/// What a value is assigned to.
indirect enum TemplateTarget: Sendable {
    case variable(String)
    case attribute(namespace: String, name: String, TemplatePosition)
    case unpacked([TemplateTarget], TemplatePosition)
}
