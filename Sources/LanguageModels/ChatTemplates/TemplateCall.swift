/// A filter, test, method or function with its arguments.
struct TemplateCall {
    let name: String
    /// What the filter, test or method is applied to.
    let value: TemplateValue
    let positional: [TemplateValue]
    let named: [(name: String, value: TemplateValue)]
    let site: TemplateSite

    /// Throws when the arguments are not some of these, by place or by name.
    func check(_ names: String..., required: Int = 0) throws(ChatTemplateError) {
        guard positional.count <= names.count else {
            throw site.failure(
                "'\(name)' takes at most \(names.count) arguments here, found \(positional.count).")
        }
        for argument in named where !names.dropFirst(positional.count).contains(argument.name) {
            throw site.unsupported("the argument '\(argument.name)' of '\(name)' is not supported.")
        }
        for (index, wanted) in names.prefix(required).enumerated()
        where self[index, wanted] == nil {
            throw site.failure("'\(name)' needs the argument '\(wanted)'.")
        }
    }

    /// The argument at a place or of a name; nil when it was not given.
    subscript(index: Int, name: String) -> TemplateValue? {
        if index < positional.count { return positional[index] }
        return named.first { $0.name == name }?.value
    }

    /// An argument that is a text when it is given and not none.
    func text(_ index: Int, _ name: String) throws(ChatTemplateError) -> String? {
        switch self[index, name] {
        case nil, .some(.none): return nil
        case .string(let text): return text
        case .some(let value): throw wrong(name, wanted: "a string", value)
        }
    }

    /// An argument that is a whole number when it is given and not none.
    func integer(_ index: Int, _ name: String) throws(ChatTemplateError) -> Int? {
        switch self[index, name] {
        case nil, .some(.none): return nil
        case .some(let value):
            guard let integer = value.asInteger else {
                throw wrong(name, wanted: "a whole number", value)
            }
            return integer
        }
    }

    func flag(_ index: Int, _ name: String) -> Bool? { self[index, name]?.isTrue }

    private func wrong(_ argument: String, wanted: String, _ value: TemplateValue)
        -> ChatTemplateError
    {
        site.failure(
            "the argument '\(argument)' of '\(name)': wanted \(wanted), found a value of type "
                + "\(value.typeName).")
    }

    /// The same on another value: what `map` and `select` do with each element.
    func applied(_ name: String, to value: TemplateValue, droppingFirst count: Int) -> TemplateCall
    {
        TemplateCall(
            name: name, value: value, positional: Array(positional.dropFirst(count)),
            named: named, site: site)
    }
}
