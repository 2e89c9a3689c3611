extension TemplateValue {
    /// `str()`: what `{{ }}` writes.
    func text(at site: TemplateSite) throws(ChatTemplateError) -> String {
        switch self {
        case .undefined: return ""
        case .string(let text):
            try site.charge(bytes: text.utf8.count)
            return text
        default: return try represented(at: site)
        }
    }

    /// `repr()`.
    private func represented(at site: TemplateSite) throws(ChatTemplateError) -> String {
        try site.charge(elements: 1)
        switch self {
        case .undefined: return "Undefined"
        case .none: return "None"
        case .bool(let value): return value ? "True" : "False"
        case .integer(let value): return String(value)
        case .number(let value): return PythonText.represented(value)
        case .string(let text):
            // An escape is at most ten bytes long.
            try site.charge(bytes: 10 * text.utf8.count)
            return PythonText.represented(text)
        case .list(let list) where list.kind == .list || list.kind == .tuple:
            var parts: [String] = []
            for element in list.elements { parts.append(try element.represented(at: site)) }
            let inner = parts.joined(separator: ", ")
            try site.charge(bytes: inner.utf8.count)
            if list.kind == .list { return "[\(inner)]" }
            return parts.count == 1 ? "(\(inner),)" : "(\(inner))"
        case .mapping(let mapping):
            var parts: [String] = []
            for entry in mapping.entries {
                let key = try entry.key.represented(at: site)
                parts.append(key + ": " + (try entry.value.represented(at: site)))
            }
            let inner = parts.joined(separator: ", ")
            try site.charge(bytes: inner.utf8.count)
            return "{\(inner)}"
        case .list, .namespace, .loop:
            throw site.unsupported("a value of type \(typeName) cannot be written as text here.")
        }
    }
}

/// `json.dumps` as transformers' `tojson` calls it: nothing escaped for HTML.
struct TemplateJSON {
    var escapesNonASCII = false
    /// Of one level; nil writes one line.
    var indent: String?
    var itemSeparator: String?
    var keySeparator: String?
    var sortsKeys = false

    func text(_ value: TemplateValue, at site: TemplateSite) throws(ChatTemplateError) -> String {
        var result = ""
        try write(value, level: 0, to: &result, at: site)
        return result
    }

    private func write(
        _ value: TemplateValue, level: Int, to result: inout String, at site: TemplateSite
    ) throws(ChatTemplateError) {
        try site.charge(elements: 1)
        switch value {
        case .none: result += "null"
        case .bool(let value): result += value ? "true" : "false"
        case .integer(let value): result += String(value)
        case .number(let value): result += Self.number(value)
        case .string(let text):
            // An escape is at most six bytes for each byte.
            try site.charge(bytes: 6 * text.utf8.count)
            result += quoted(text)
        case .list(let list) where list.kind == .list || list.kind == .tuple:
            try write(list.elements, "[", "]", level, to: &result, at: site) {
                (element, result) throws(ChatTemplateError) in
                try write(element, level: level + 1, to: &result, at: site)
            }
        case .mapping(let mapping):
            var entries: [(key: String, value: TemplateValue)] = []
            for entry in mapping.entries { entries.append((try key(entry.key, site), entry.value)) }
            if sortsKeys { entries.sort { PythonText.isBefore($0.key, $1.key) } }
            try write(entries, "{", "}", level, to: &result, at: site) {
                (entry, result) throws(ChatTemplateError) in
                result += quoted(entry.key) + (keySeparator ?? ": ")
                try write(entry.value, level: level + 1, to: &result, at: site)
            }
        case .undefined, .list, .namespace, .loop:
            throw site.failure("a value of type \(value.typeName) cannot be written as JSON.")
        }
    }

    private func write<Element>(
        _ elements: [Element], _ open: String, _ close: String, _ level: Int,
        to result: inout String, at site: TemplateSite,
        each body: (Element, inout String) throws(ChatTemplateError) -> Void
    ) throws(ChatTemplateError) {
        result += open
        defer { result += close }
        guard !elements.isEmpty else { return }
        let line = indent.map { "\n" + String(repeating: $0, count: level + 1) } ?? ""
        let separator = (itemSeparator ?? (indent == nil ? ", " : ",")) + line
        try site.charge(bytes: (elements.count + 1) * separator.utf8.count)
        result += line
        for (index, element) in elements.enumerated() {
            if index > 0 { result += separator }
            try body(element, &result)
        }
        if let indent { result += "\n" + String(repeating: indent, count: level) }
    }

    private func key(_ value: TemplateValue, _ site: TemplateSite) throws(ChatTemplateError)
        -> String
    {
        switch value {
        case .string(let text): return text
        case .none: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .number(let value): return Self.number(value)
        default:
            throw site.failure("a value of type \(value.typeName) cannot be a key in JSON.")
        }
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        return PythonText.represented(value)
    }

    private func quoted(_ text: String) -> String {
        var result = String.UnicodeScalarView(["\""])
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result.append(contentsOf: "\\\"".unicodeScalars)
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            case "\u{08}": result.append(contentsOf: "\\b".unicodeScalars)
            case "\u{0C}": result.append(contentsOf: "\\f".unicodeScalars)
            default:
                if scalar.value < 0x20 || escapesNonASCII && scalar.value >= 0x7F {
                    for unit in String(scalar).utf16 {
                        let digits = PythonText.hexadecimal(UInt32(unit), 4)
                        result.append(contentsOf: "\\u\(digits)".unicodeScalars)
                    }
                } else {
                    result.append(scalar)
                }
            }
        }
        result.append("\"")
        return String(result)
    }
}
