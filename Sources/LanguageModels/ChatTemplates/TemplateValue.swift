/// A value of a template: what Python has where Jinja runs.
enum TemplateValue: Sendable {
    /// A name or a part that is not there; the text says what, for the error it may become.
    case undefined(String)
    case none
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case list(TemplateList)
    case mapping(TemplateMapping)
    case namespace(TemplateNamespace)
    case loop(TemplateLoop)
}

/// A sequence, never deeper than `TemplateLimits.valueDepth`.
struct TemplateList: Sendable {
    enum Kind: Sendable {
        case list, tuple
        /// `items()` and its like: has a length but no places.
        case view
        /// What `map` and `select` give: can only be gone through.
        case iterator
    }

    let kind: Kind
    let elements: [TemplateValue]
    let depth: Int

    init(_ elements: [TemplateValue], kind: Kind = .list, at site: TemplateSite)
        throws(ChatTemplateError)
    {
        try site.charge(elements: elements.count)
        self.kind = kind
        self.elements = elements
        depth = try elements.depthAbove(at: site)
    }
}

/// A dictionary; entries stay in the order in which they were added.
///
/// Looking up is a walk through the entries: those of messages and tools are few.
struct TemplateMapping: Sendable {
    typealias Entry = (key: TemplateValue, value: TemplateValue)

    let entries: [Entry]
    let depth: Int

    /// Of equal keys the last value counts, in the first one's place.
    init(_ entries: [Entry], at site: TemplateSite) throws(ChatTemplateError) {
        var kept: [Entry] = []
        for entry in entries {
            try site.charge(elements: kept.count + 1)
            switch entry.key {
            case .list, .mapping: throw site.failure("a list or mapping cannot be a key.")
            default: break
            }
            if let index = try kept.firstIndex(of: entry.key, at: site) {
                kept[index].value = entry.value
            } else {
                kept.append(entry)
            }
        }
        self.entries = kept
        depth = try kept.map(\.value).depthAbove(at: site)
    }

    func value(of key: TemplateValue, at site: TemplateSite) throws(ChatTemplateError)
        -> TemplateValue?
    {
        try site.charge(elements: entries.count)
        guard let index = try entries.firstIndex(of: key, at: site) else { return nil }
        return entries[index].value
    }
}

extension [TemplateMapping.Entry] {
    fileprivate func firstIndex(of key: TemplateValue, at site: TemplateSite)
        throws(ChatTemplateError) -> Int?
    {
        for (index, entry) in enumerated() where try entry.key.equals(key, at: site) {
            return index
        }
        return nil
    }
}

extension [TemplateValue] {
    /// The depth of what holds these.
    fileprivate func depthAbove(at site: TemplateSite) throws(ChatTemplateError) -> Int {
        var depth = 1
        for element in self {
            switch element {
            case .list(let list): depth = Swift.max(depth, list.depth + 1)
            case .mapping(let mapping): depth = Swift.max(depth, mapping.depth + 1)
            // Inside a value these could come to hold themselves, or grow too deep to be freed.
            case .namespace, .loop:
                throw site.unsupported(
                    "a value of type \(element.typeName) inside another is not supported.")
            default: break
            }
        }
        guard depth <= TemplateLimits.valueDepth else {
            throw ChatTemplateError(
                .limit, at: site.position,
                "lists and mappings are nested more than \(TemplateLimits.valueDepth) deep.")
        }
        return depth
    }
}

/// What `namespace()` makes: the one value that can be changed, by `set`.
///
/// It lives within one rendering, which runs on one thread.
final class TemplateNamespace: @unchecked Sendable {
    var values: [String: TemplateValue]

    init(_ values: [String: TemplateValue]) { self.values = values }
}

/// `loop` inside of a `for`.
struct TemplateLoop: Sendable {
    let elements: [TemplateValue]
    let index: Int

    func attribute(_ name: String) -> TemplateValue? {
        switch name {
        case "index": .integer(index + 1)
        case "index0": .integer(index)
        case "revindex": .integer(elements.count - index)
        case "revindex0": .integer(elements.count - index - 1)
        case "first": .bool(index == 0)
        case "last": .bool(index == elements.count - 1)
        case "length": .integer(elements.count)
        // They count recursive loops only, which are not supported.
        case "depth": .integer(1)
        case "depth0": .integer(0)
        case "previtem":
            index > 0 ? elements[index - 1] : .undefined("there is no previous item")
        case "nextitem":
            index + 1 < elements.count ? elements[index + 1] : .undefined("there is no next item")
        default: nil
        }
    }
}

extension TemplateValue {
    /// Python's name of the type, for messages.
    var typeName: String {
        switch self {
        case .undefined: "undefined"
        case .none: "none"
        case .bool: "bool"
        case .integer: "int"
        case .number: "float"
        case .string: "string"
        case .list(let list):
            switch list.kind {
            case .list: "list"
            case .tuple: "tuple"
            case .view: "view of a mapping"
            case .iterator: "iterator"
            }
        case .mapping: "mapping"
        case .namespace: "namespace"
        case .loop: "loop"
        }
    }

    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .bool(let value): value
        case .integer(let value): value != 0
        case .number(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let list): list.kind == .iterator || !list.elements.isEmpty
        case .mapping(let mapping): !mapping.entries.isEmpty
        case .namespace, .loop: true
        }
    }

    /// The number for arithmetic, booleans included; nil for everything else.
    var asInteger: Int? {
        switch self {
        case .integer(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    var asNumber: Double? {
        if case .number(let value) = self { return value }
        return asInteger.map(Double.init)
    }

    /// What `for` goes through: elements, keys, code points.
    func elements(at site: TemplateSite) throws(ChatTemplateError) -> [TemplateValue] {
        switch self {
        case .undefined: return []
        case .list(let list): return list.elements
        case .mapping(let mapping): return mapping.entries.map(\.key)
        case .string(let text):
            try site.charge(elements: text.unicodeScalars.count)
            return text.unicodeScalars.map { .string(String($0)) }
        default: throw site.failure("a value of type \(typeName) cannot be iterated.")
        }
    }

    /// `len()`.
    func length(at site: TemplateSite) throws(ChatTemplateError) -> Int {
        switch self {
        case .undefined: return 0
        case .string(let text):
            try site.charge(bytes: text.utf8.count)
            return text.unicodeScalars.count
        case .list(let list) where list.kind != .iterator: return list.elements.count
        case .mapping(let mapping): return mapping.entries.count
        default: throw site.failure("a value of type \(typeName) has no length.")
        }
    }

    // MARK: - Comparing

    /// `==`.
    func equals(_ other: TemplateValue, at site: TemplateSite) throws(ChatTemplateError) -> Bool {
        try site.charge(elements: 1)
        switch (self, other) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.string(let one), .string(let two)):
            try site.charge(bytes: min(one.utf8.count, two.utf8.count))
            return PythonText.areEqual(one, two)
        case (.list(let one), .list(let two)):
            guard one.kind == two.kind, one.kind == .list || one.kind == .tuple else {
                return false
            }
            guard one.elements.count == two.elements.count else { return false }
            for (first, second) in zip(one.elements, two.elements)
            where try !first.equals(second, at: site) { return false }
            return true
        case (.mapping(let one), .mapping(let two)):
            guard one.entries.count == two.entries.count else { return false }
            for entry in one.entries {
                guard let value = try two.value(of: entry.key, at: site),
                    try value.equals(entry.value, at: site)
                else { return false }
            }
            return true
        case (.namespace(let one), .namespace(let two)): return one === two
        default:
            if let one = asInteger, let two = other.asInteger { return one == two }
            if let one = asNumber, let two = other.asNumber { return one == two }
            return false
        }
    }

    /// `<`; throws for what Python does not order.
    func isLess(than other: TemplateValue, at site: TemplateSite) throws(ChatTemplateError) -> Bool
    {
        try site.charge(elements: 1)
        if let one = asInteger, let two = other.asInteger { return one < two }
        if let one = asNumber, let two = other.asNumber { return one < two }
        switch (self, other) {
        case (.string(let one), .string(let two)):
            try site.charge(bytes: min(one.utf8.count, two.utf8.count))
            return PythonText.isBefore(one, two)
        case (.list(let one), .list(let two))
        where one.kind == two.kind && (one.kind == .list || one.kind == .tuple):
            for (first, second) in zip(one.elements, two.elements)
            where try !first.equals(second, at: site) {
                return try first.isLess(than: second, at: site)
            }
            return one.elements.count < two.elements.count
        case (.undefined(let what), _), (_, .undefined(let what)): throw site.failure("\(what).")
        default:
            throw site.failure(
                "values of type \(typeName) and \(other.typeName) have no order.")
        }
    }

    /// `item in self`.
    func contains(_ item: TemplateValue, at site: TemplateSite) throws(ChatTemplateError) -> Bool {
        switch self {
        case .string(let text):
            guard case .string(let part) = item else {
                throw site.failure(
                    "only a string can be in a string, found a value of type \(item.typeName).")
            }
            try site.charge(bytes: 2 * text.utf8.count + part.utf8.count)
            return PythonText.contains(text, part)
        case .mapping(let mapping): return try mapping.value(of: item, at: site) != nil
        case .list, .undefined:
            for element in try elements(at: site) where try element.equals(item, at: site) {
                return true
            }
            return false
        default: throw site.failure("'in' needs a container, found a value of type \(typeName).")
        }
    }
}
