/// A piece of a template's text.
struct TemplateToken {
    enum Kind: Equatable {
        /// Text outside of tags, whitespace control applied.
        case data(String)
        case variableBegin, variableEnd
        case blockBegin, blockEnd
        case name(String)
        case string(String)
        case integer(Int)
        case number(Double)
        /// An operator or a bracket.
        case symbol(String)
        case end
    }

    let kind: Kind
    let position: TemplatePosition

    /// As messages name it.
    var shown: String {
        switch kind {
        case .data: "text"
        case .variableBegin: "'{{'"
        case .variableEnd: "'}}'"
        case .blockBegin: "'{%'"
        case .blockEnd: "'%}'"
        case .name(let name): quoted(name)
        case .string(let text): "the string \(quoted(text))"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .symbol(let text): "'\(text)'"
        case .end: "the end of the template"
        }
    }
}
