/// The filters that are known, `value|name`, with Jinja2's arguments and results.
enum TemplateFilter: String, CaseIterable {
    case trim, upper, lower, capitalize, title, replace, string, safe, indent
    case length, count, first, last, join, list, reverse, items
    case map, select, reject, selectattr, rejectattr
    case `default`, d
    case int, float, abs, tojson

    static func apply(_ call: TemplateCall) throws(ChatTemplateError) -> TemplateValue {
        guard let filter = TemplateFilter(rawValue: call.name) else {
            throw call.site.unsupported("the filter \(quoted(call.name)) is not supported.")
        }
        return switch filter {
        case .trim, .upper, .lower, .capitalize, .title, .replace, .string, .safe, .indent:
            .string(try filter.text(call))
        case .length, .count, .first, .last, .join, .list, .reverse, .items:
            try filter.sequence(call)
        case .map, .select, .reject, .selectattr, .rejectattr:
            .list(try TemplateList(filter.selection(call), kind: .iterator, at: call.site))
        case .default, .d, .int, .float, .abs, .tojson: try filter.scalar(call)
        }
    }

    // MARK: - Texts

    private func text(_ call: TemplateCall) throws(ChatTemplateError) -> String {
        let text = try call.value.text(at: call.site)
        try call.site.charge(bytes: text.utf8.count)
        switch self {
        case .trim:
            try call.check("chars")
            return PythonText.stripped(text, of: try call.text(0, "chars"))
        case .replace:
            try call.check("old", "new", "count", required: 2)
            let (old, new) = (try call.text(0, "old") ?? "", try call.text(1, "new") ?? "")
            let count = try call.integer(2, "count")
            return try TemplateMethods.replacing(text, old, new, count, at: call.site)
        case .indent: return try indented(text, call)
        default: break
        }
        try call.check()
        return switch self {
        case .upper: PythonText.uppercased(text)
        case .lower: PythonText.lowercased(text)
        case .capitalize: PythonText.capitalized(text)
        case .title: Self.titled(text)
        default: text
        }
    }

    /// Jinja's `title`, which is not Python's: words begin after spaces, `-` and opening brackets.
    private static func titled(_ text: String) -> String {
        var result = ""
        var startsWord = true
        for scalar in text.unicodeScalars {
            if PythonText.isSpace(scalar) || "-({[<".unicodeScalars.contains(scalar) {
                result.unicodeScalars.append(scalar)
                startsWord = true
            } else {
                let properties = scalar.properties
                result += startsWord ? properties.uppercaseMapping : properties.lowercaseMapping
                startsWord = false
            }
        }
        return result
    }

    private func indented(_ text: String, _ call: TemplateCall) throws(ChatTemplateError) -> String
    {
        try call.check("width", "first", "blank")
        let width: String
        if case .string(let text)? = call[0, "width"] {
            width = text
        } else {
            width = String(
                repeating: " ", count: min(max(try call.integer(0, "width") ?? 4, 0), 1000))
        }
        let indentsBlank = call.flag(2, "blank") ?? false
        // Jinja adds a newline here so that the last one is a line of its own.
        let lines = PythonText.lines(text + "\n")
        try call.site.charge(bytes: (lines.count + 1) * (width.utf8.count + 1))
        var result = ""
        for (index, line) in lines.enumerated() {
            if index > 0 { result += "\n" }
            let isIndented =
                index == 0 ? call.flag(1, "first") ?? false : indentsBlank || !line.isEmpty
            result += (isIndented ? width : "") + line
        }
        return result
    }

    // MARK: - Sequences

    private func sequence(_ call: TemplateCall) throws(ChatTemplateError) -> TemplateValue {
        let site = call.site
        switch self {
        case .join: return try Self.join(call)
        case .items:
            try call.check()
            return try Self.items(of: call.value, at: site)
        default: try call.check()
        }
        switch self {
        case .length, .count: return .integer(try call.value.length(at: site))
        case .first:
            return try call.value.elements(at: site).first ?? .undefined("the sequence is empty")
        case .last:
            return try call.value.elements(at: site).last ?? .undefined("the sequence is empty")
        case .reverse:
            if case .string(let text) = call.value {
                try site.charge(bytes: text.utf8.count)
                return .string(String(String.UnicodeScalarView(text.unicodeScalars.reversed())))
            }
            let elements = try call.value.elements(at: site)
            return .list(try TemplateList(elements.reversed(), kind: .iterator, at: site))
        default: return .list(try TemplateList(call.value.elements(at: site), at: site))
        }
    }

    private static func join(_ call: TemplateCall) throws(ChatTemplateError) -> TemplateValue {
        try call.check("d", "attribute")
        let separator = try call[0, "d"]?.text(at: call.site) ?? ""
        var result = ""
        for (index, element) in try call.value.elements(at: call.site).enumerated() {
            if index > 0 {
                try call.site.charge(bytes: separator.utf8.count)
                result += separator
            }
            var element = element
            if let attribute = try call.text(1, "attribute") {
                element = try part(attribute, of: element, at: call.site)
            }
            result += try element.text(at: call.site)
        }
        return .string(result)
    }

    static func items(of value: TemplateValue, at site: TemplateSite) throws(ChatTemplateError)
        -> TemplateValue
    {
        let entries: [TemplateMapping.Entry]
        switch value {
        case .mapping(let mapping): entries = mapping.entries
        case .undefined: entries = []
        default:
            throw site.failure("'items' needs a mapping, found a value of type \(value.typeName).")
        }
        var pairs: [TemplateValue] = []
        for entry in entries {
            pairs.append(.list(try TemplateList([entry.key, entry.value], kind: .tuple, at: site)))
        }
        return .list(try TemplateList(pairs, kind: .view, at: site))
    }

    /// The part of a value that `attribute='a.b'` names.
    private static func part(_ path: String, of value: TemplateValue, at site: TemplateSite)
        throws(ChatTemplateError) -> TemplateValue
    {
        var value = value
        for name in path.split(separator: ".", omittingEmptySubsequences: false) {
            guard case .mapping(let mapping) = value else {
                return .undefined("a value of type \(value.typeName) has no \(quoted(path))")
            }
            value =
                try mapping.value(of: .string(String(name)), at: site)
                ?? .undefined("the mapping has no key \(quoted(String(name)))")
        }
        return value
    }

    private func selection(_ call: TemplateCall) throws(ChatTemplateError) -> [TemplateValue] {
        let elements = try call.value.elements(at: call.site)
        var result: [TemplateValue] = []
        if self == .map {
            for element in elements { result.append(try Self.mapped(element, call)) }
            return result
        }
        let byAttribute = self == .selectattr || self == .rejectattr
        let keeps = self == .select || self == .selectattr
        let attribute = byAttribute ? try call.text(0, "attribute") : nil
        guard !byAttribute || attribute != nil else {
            throw call.site.failure("'\(rawValue)' needs the name of an attribute.")
        }
        let place = byAttribute ? 1 : 0
        let test = try call.text(place, "test")
        for element in elements {
            let subject = try attribute.map { (name) throws(ChatTemplateError) in
                try Self.part(name, of: element, at: call.site)
            }
            var holds = (subject ?? element).isTrue
            if let test {
                holds = try TemplateCondition.holds(
                    call.applied(test, to: subject ?? element, droppingFirst: place + 1))
            }
            if holds == keeps { result.append(element) }
        }
        return result
    }

    /// `map('filter', ...)` or `map(attribute='name', default=...)`.
    private static func mapped(_ element: TemplateValue, _ call: TemplateCall)
        throws(ChatTemplateError) -> TemplateValue
    {
        if let filter = call.positional.first {
            guard case .string(let name) = filter else {
                throw call.site.failure("'map' needs the name of a filter.")
            }
            return try apply(call.applied(name, to: element, droppingFirst: 1))
        }
        try call.check("attribute", "default")
        guard let attribute = try call.text(0, "attribute") else {
            throw call.site.failure("'map' needs the name of a filter, or 'attribute='.")
        }
        let value = try part(attribute, of: element, at: call.site)
        if case .undefined = value, let otherwise = call[1, "default"] { return otherwise }
        return value
    }

    // MARK: - Single values

    private func scalar(_ call: TemplateCall) throws(ChatTemplateError) -> TemplateValue {
        let value = call.value
        switch self {
        case .default, .d:
            try call.check("default_value", "boolean")
            let otherwise = call[0, "default_value"] ?? .string("")
            if case .undefined = value { return otherwise }
            return call.flag(1, "boolean") == true && !value.isTrue ? otherwise : value
        case .int:
            try call.check("default")
            return try Self.integer(value, call) ?? call[0, "default"] ?? .integer(0)
        case .float:
            try call.check("default")
            return try Self.number(value, call).map { .number($0) }
                ?? call[0, "default"] ?? .number(0)
        case .abs:
            try call.check()
            guard let number = value.asNumber else {
                throw call.site.failure(
                    "'abs' needs a number, found a value of type \(value.typeName).")
            }
            if let integer = value.asInteger, integer >= 0 { return .integer(integer) }
            return number < 0 ? try value.negated(at: call.site) : value
        default: return .string(try Self.json(call))
        }
    }

    private static func integer(_ value: TemplateValue, _ call: TemplateCall)
        throws(ChatTemplateError) -> TemplateValue?
    {
        if let integer = value.asInteger { return .integer(integer) }
        if case .string(let text) = value, let integer = Int(PythonText.stripped(text)) {
            return .integer(integer)
        }
        guard let number = try number(value, call) else { return nil }
        return Int(exactly: number.rounded(.towardZero)).map { .integer($0) }
    }

    private static func number(_ value: TemplateValue, _ call: TemplateCall)
        throws(ChatTemplateError) -> Double?
    {
        switch value {
        case .string(let text):
            try call.site.charge(bytes: text.utf8.count)
            return Double(PythonText.stripped(text))
        case .undefined(let what): throw call.site.failure("\(what).")
        default: return value.asNumber
        }
    }

    private static func json(_ call: TemplateCall) throws(ChatTemplateError) -> String {
        try call.check("ensure_ascii", "indent", "separators", "sort_keys")
        var format = TemplateJSON()
        format.escapesNonASCII = call.flag(0, "ensure_ascii") ?? false
        format.sortsKeys = call.flag(3, "sort_keys") ?? false
        if case .string(let text)? = call[1, "indent"] {
            format.indent = text
        } else if let width = try call.integer(1, "indent") {
            format.indent = String(repeating: " ", count: min(max(width, 0), 1000))
        }
        switch call[2, "separators"] {
        case nil, .some(.none): break
        case .list(let list):
            guard list.elements.count == 2, case .string(let item) = list.elements[0],
                case .string(let key) = list.elements[1]
            else { fallthrough }
            (format.itemSeparator, format.keySeparator) = (item, key)
        default: throw call.site.failure("'tojson' needs two strings as 'separators'.")
        }
        return try format.text(call.value, at: call.site)
    }
}
