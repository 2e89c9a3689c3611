/// The methods of Python's types that are known, `value.name(...)`.
enum TemplateMethods {
    enum OfString: String, CaseIterable {
        case strip, lstrip, rstrip, split, rsplit, splitlines, startswith, endswith
        case upper, lower, title, capitalize, replace, find, rfind, count, join
        case removeprefix, removesuffix
    }

    enum OfMapping: String, CaseIterable {
        case items, keys, values, get
    }

    enum OfList: String, CaseIterable {
        case index, count
    }

    static func names(of value: TemplateValue) -> [String] {
        switch value {
        case .string: OfString.allCases.map(\.rawValue)
        case .mapping: OfMapping.allCases.map(\.rawValue)
        case .list: OfList.allCases.map(\.rawValue)
        case .loop: ["cycle"]
        default: []
        }
    }

    static func call(_ call: TemplateCall) throws(ChatTemplateError) -> TemplateValue {
        switch call.value {
        case .string(let text):
            guard let method = OfString(rawValue: call.name) else { break }
            // Most of them read the text once and make another that is not longer.
            try call.site.charge(bytes: 2 * text.utf8.count)
            return try string(text, method, call)
        case .mapping(let entries):
            guard let method = OfMapping(rawValue: call.name) else { break }
            return try mapping(entries, method, call)
        case .list(let elements) where elements.kind == .list || elements.kind == .tuple:
            guard let method = OfList(rawValue: call.name) else { break }
            return try list(elements, method, call)
        case .loop(let loop) where call.name == "cycle":
            guard !call.positional.isEmpty else {
                throw call.site.failure("'cycle' needs values.")
            }
            return call.positional[loop.index % call.positional.count]
        case .undefined(let what): throw call.site.failure("\(what).")
        default: break
        }
        throw call.site.unsupported(
            "the method \(quoted(call.name)) of a value of type \(call.value.typeName) is not "
                + "supported.")
    }

    // MARK: - Strings

    private static func string(_ text: String, _ method: OfString, _ call: TemplateCall)
        throws(ChatTemplateError) -> TemplateValue
    {
        switch method {
        case .strip, .lstrip, .rstrip:
            try call.check("chars")
            let sides: PythonText.Sides =
                method == .strip ? .both : method == .lstrip ? .left : .right
            return .string(PythonText.stripped(text, sides, of: try call.text(0, "chars")))
        case .split, .rsplit: return try split(text, fromEnd: method == .rsplit, call)
        case .splitlines:
            try call.check()
            return try strings(PythonText.lines(text), at: call.site)
        case .startswith, .endswith:
            try call.check("prefix", required: 1)
            return .bool(
                try affixes(call).contains { affix in
                    method == .startswith ? has(text, prefix: affix) : has(text, suffix: affix)
                })
        case .removeprefix, .removesuffix:
            try call.check("prefix", required: 1)
            let affix = try call.text(0, "prefix") ?? ""
            let bytes = Array(text.utf8)
            if method == .removeprefix {
                guard has(text, prefix: affix) else { return .string(text) }
                return .string(String(decoding: bytes.dropFirst(affix.utf8.count), as: UTF8.self))
            }
            guard has(text, suffix: affix) else { return .string(text) }
            return .string(String(decoding: bytes.dropLast(affix.utf8.count), as: UTF8.self))
        case .upper, .lower, .title, .capitalize:
            try call.check()
            return .string(changedCase(text, method))
        case .replace:
            try call.check("old", "new", "count", required: 2)
            let (old, new) = (try call.text(0, "old") ?? "", try call.text(1, "new") ?? "")
            let count = try call.integer(2, "count")
            return .string(try replacing(text, old, new, count, at: call.site))
        case .find, .rfind, .count:
            try call.check("sub", required: 1)
            return .integer(try search(text, method, call))
        case .join:
            try call.check("iterable", required: 1)
            return try join(call[0, "iterable"] ?? .none, with: text, at: call.site)
        }
    }

    private static func changedCase(_ text: String, _ method: OfString) -> String {
        switch method {
        case .upper: PythonText.uppercased(text)
        case .lower: PythonText.lowercased(text)
        case .title: PythonText.titlecased(text)
        default: PythonText.capitalized(text)
        }
    }

    private static func has(_ text: String, prefix: String) -> Bool {
        text.utf8.starts(with: prefix.utf8)
    }

    private static func has(_ text: String, suffix: String) -> Bool {
        text.utf8.count >= suffix.utf8.count
            && text.utf8.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }

    /// The argument of `startswith`: one text or a tuple of texts.
    private static func affixes(_ call: TemplateCall) throws(ChatTemplateError) -> [String] {
        guard case .list(let list)? = call[0, "prefix"], list.kind == .tuple else {
            return [try call.text(0, "prefix") ?? ""]
        }
        var texts: [String] = []
        for element in list.elements {
            guard case .string(let text) = element else {
                throw call.site.failure(
                    "'\(call.name)' needs strings, found a value of type \(element.typeName).")
            }
            texts.append(text)
        }
        return texts
    }

    private static func split(_ text: String, fromEnd: Bool, _ call: TemplateCall)
        throws(ChatTemplateError) -> TemplateValue
    {
        try call.check("sep", "maxsplit")
        let separator = try call.text(0, "sep")
        let limit = try call.integer(1, "maxsplit").flatMap { $0 < 0 ? nil : $0 }
        guard let separator else {
            if fromEnd, limit != nil {
                throw call.site.unsupported("'rsplit' by spaces with a limit is not supported.")
            }
            return try strings(PythonText.words(text, limit: limit), at: call.site)
        }
        guard !separator.isEmpty else { throw call.site.failure("'split' by an empty string.") }
        return try strings(
            PythonText.parts(text, separator: separator, limit: limit, fromEnd: fromEnd),
            at: call.site)
    }

    private static func strings(_ texts: [String], at site: TemplateSite)
        throws(ChatTemplateError) -> TemplateValue
    {
        .list(try TemplateList(texts.map { .string($0) }, at: site))
    }

    static func replacing(
        _ text: String, _ old: String, _ new: String, _ count: Int?, at site: TemplateSite
    ) throws(ChatTemplateError) -> String {
        let limit = count.flatMap { $0 < 0 ? nil : $0 }
        // No more places than bytes, and each may become as long as `new`.
        let places =
            old.isEmpty
            ? text.unicodeScalars.count + 1
            : PythonText.occurrences(of: Array(old.utf8), in: Array(text.utf8)).count
        let (added, overflow) = min(places, limit ?? places)
            .multipliedReportingOverflow(by: new.utf8.count)
        try site.charge(bytes: overflow ? .max : added)
        return PythonText.replacing(text, old, with: new, limit: limit)
    }

    private static func search(_ text: String, _ method: OfString, _ call: TemplateCall)
        throws(ChatTemplateError) -> Int
    {
        let part = try call.text(0, "sub") ?? ""
        let bytes = Array(text.utf8)
        if part.isEmpty {
            let count = text.unicodeScalars.count
            return method == .find ? 0 : method == .rfind ? count : count + 1
        }
        if method == .count {
            return PythonText.occurrences(of: Array(part.utf8), in: bytes).count
        }
        let place: Int?
        if method == .find {
            place = PythonText.occurrences(of: Array(part.utf8), in: bytes).first
        } else {
            place = PythonText.occurrences(of: part.utf8.reversed(), in: bytes.reversed()).first
                .map { bytes.count - $0 - part.utf8.count }
        }
        // Places count code points: all bytes but those that continue one.
        return place.map { bytes[..<$0].filter { $0 & 0xC0 != 0x80 }.count } ?? -1
    }

    private static func join(_ value: TemplateValue, with separator: String, at site: TemplateSite)
        throws(ChatTemplateError) -> TemplateValue
    {
        var result = ""
        for (index, element) in try value.elements(at: site).enumerated() {
            guard case .string(let text) = element else {
                throw site.failure(
                    "'join' needs strings, found a value of type \(element.typeName).")
            }
            try site.charge(bytes: text.utf8.count + separator.utf8.count)
            if index > 0 { result += separator }
            result += text
        }
        return .string(result)
    }

    // MARK: - Containers

    private static func mapping(
        _ mapping: TemplateMapping, _ method: OfMapping, _ call: TemplateCall
    ) throws(ChatTemplateError) -> TemplateValue {
        if method == .get {
            try call.check("key", "default", required: 1)
            let value = try mapping.value(of: call[0, "key"] ?? .none, at: call.site)
            return value ?? call[1, "default"] ?? .none
        }
        try call.check()
        let values: [TemplateValue]
        switch method {
        case .keys: values = mapping.entries.map(\.key)
        case .values: values = mapping.entries.map(\.value)
        default: return try TemplateFilter.items(of: call.value, at: call.site)
        }
        return .list(try TemplateList(values, kind: .view, at: call.site))
    }

    private static func list(_ list: TemplateList, _ method: OfList, _ call: TemplateCall)
        throws(ChatTemplateError) -> TemplateValue
    {
        try call.check("value", required: 1)
        let wanted = call[0, "value"] ?? .none
        var places: [Int] = []
        for (index, element) in list.elements.enumerated()
        where try element.equals(wanted, at: call.site) { places.append(index) }
        if method == .count { return .integer(places.count) }
        guard let first = places.first else {
            throw call.site.failure("'index': the value is not in the list.")
        }
        return .integer(first)
    }
}
