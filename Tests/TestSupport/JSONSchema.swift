import Basics

/// As much of JSON Schema (draft 7) as the schema of manifests uses.
///
/// A keyword that is not known is a fault of its own, so that nothing goes unchecked.
package struct JSONSchema {
    private let root: [String: JSONValue]

    package init(_ text: String) throws {
        guard case .object(let root) = try JSON.decode(JSONValue.self, from: text) else {
            throw BasicsError.file("the schema is no object")
        }
        self.root = root
    }

    /// What is wrong with a value, each with its place; empty when it is as the schema wants it.
    package func faults(of value: JSONValue) -> [String] {
        faults(of: value, by: .object(root), at: "$")
    }

    private static let notes: Set = ["$schema", "title", "description", "default"]

    private func faults(of value: JSONValue, by schema: JSONValue, at place: String) -> [String] {
        guard case .object(let schema) = schema else {
            return schema == .bool(true) ? [] : ["\(place): not allowed"]
        }
        return schema.sorted { $0.key < $1.key }.flatMap { keyword, wanted in
            faults(of: value, keyword, wanted, in: schema, at: place)
        }
    }

    private func faults(
        of value: JSONValue, _ keyword: String, _ wanted: JSONValue, in schema: [String: JSONValue],
        at place: String
    ) -> [String] {
        func unless(_ isFine: Bool) -> [String] {
            isFine ? [] : ["\(place): \(keyword) \(wanted.plainText), found \(value.plainText)"]
        }
        switch (keyword, wanted) {
        case ("type", .array(let types)): return unless(types.contains { Self.isType($0, value) })
        case ("type", _): return unless(Self.isType(wanted, value))
        case ("enum", .array(let values)): return unless(values.contains(value))
        case ("const", _): return unless(value == wanted)
        case ("minimum", _): return unless(compare(value, wanted) { $0 >= $1 })
        case ("maximum", _): return unless(compare(value, wanted) { $0 <= $1 })
        case ("exclusiveMinimum", _): return unless(compare(value, wanted) { $0 > $1 })
        case ("exclusiveMaximum", _): return unless(compare(value, wanted) { $0 < $1 })
        case ("anyOf", .array(let schemas)), ("oneOf", .array(let schemas)):
            let fitting = schemas.count { faults(of: value, by: $0, at: place).isEmpty }
            let isFine = keyword == "oneOf" ? fitting == 1 : fitting > 0
            return isFine ? [] : ["\(place): fits \(fitting) of \(keyword)"]
        case ("items", _):
            guard case .array(let items) = value else { return [] }
            return items.enumerated().flatMap { faults(of: $1, by: wanted, at: "\(place)[\($0)]") }
        case ("minItems", .integer(let least)):
            guard case .array(let items) = value else { return [] }
            return unless(items.count >= least)
        case ("minProperties", .integer(let least)):
            guard case .object(let members) = value else { return [] }
            return unless(members.count >= least)
        case ("required", .array(let names)):
            guard case .object(let members) = value else { return [] }
            return names.map(\.plainText).filter { members[$0] == nil }.map { "\(place): no \($0)" }
        case ("properties", .object(let properties)):
            guard case .object(let members) = value else { return [] }
            return properties.sorted { $0.key < $1.key }.flatMap { name, schema in
                members[name].map { faults(of: $0, by: schema, at: "\(place).\(name)") } ?? []
            }
        case ("additionalProperties", _):
            guard case .object(let members) = value else { return [] }
            var known: Set<String> = []
            if case .object(let named)? = schema["properties"] { known = Set(named.keys) }
            return members.keys.filter { !known.contains($0) }.sorted().flatMap {
                faults(of: members[$0] ?? .null, by: wanted, at: "\(place).\($0)")
            }
        case ("propertyNames", .object(let rule)):
            guard case .object(let members) = value, case .string(let pattern)? = rule["pattern"],
                let expression = try? Regex(pattern)
            else { return ["\(place): propertyNames is not understood"] }
            return members.keys.filter { $0.wholeMatch(of: expression) == nil }
                .map { "\(place): the name \($0)" }
        case _ where Self.notes.contains(keyword): return []
        default: return ["\(place): the keyword \(keyword) is not understood"]
        }
    }

    private static func isType(_ type: JSONValue, _ value: JSONValue) -> Bool {
        switch (type.plainText, value) {
        case ("null", .null), ("boolean", .bool), ("integer", .integer), ("number", .integer),
            ("number", .number), ("string", .string), ("array", .array), ("object", .object):
            true
        default: false
        }
    }

    /// Other types than numbers are none of a limit's business.
    private func compare(_ value: JSONValue, _ limit: JSONValue, _ isFine: (Double, Double) -> Bool)
        -> Bool
    {
        func number(_ value: JSONValue) -> Double? {
            switch value {
            case .integer(let number): Double(number)
            case .number(let number): number
            default: nil
            }
        }
        guard let value = number(value), let limit = number(limit) else { return true }
        return isFine(value, limit)
    }
}
