import Basics

/// The JSON Schema of manifests, for editors: what the reader accepts, as far as a schema can say
/// it, made from the same tables.
///
/// Draft 7, which the YAML plug-ins of editors know best. Whether a name exists is left to
/// `billion validate` where the manifest itself can define it.
package struct ManifestSchema: Sendable {
    private let catalog: Catalog

    package init(_ catalog: Catalog) { self.catalog = catalog }

    /// The whole schema; the same catalog gives the same bytes.
    package var text: String {
        get throws { try JSON.indentedText(value) }
    }

    package var value: JSONValue {
        var schema = mapping(ManifestKeys.top)
        schema["$schema"] = .string("http://json-schema.org/draft-07/schema#")
        schema["title"] = .string("billion-llm manifest")
        return .object(schema)
    }

    private typealias Schema = [String: JSONValue]

    // MARK: Mappings

    /// A mapping with these keys and no others.
    private func mapping(_ keys: [ManifestKey]) -> Schema {
        var schema: Schema = [
            "type": .string("object"), "additionalProperties": .bool(false),
            "properties": .object(
                Dictionary(uniqueKeysWithValues: keys.map { ($0.name, .object(value(of: $0))) })),
        ]
        let required = keys.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { schema["required"] = .array(required) }
        return schema
    }

    private func value(of key: ManifestKey) -> Schema {
        var schema: Schema
        switch key.value {
        case .text: schema = Self.text
        case .quantity: schema = ["type": .array([.string("number"), .string("string")])]
        case .integer(let range): schema = Self.integer(range)
        case .names(let axis): schema = names(axis)
        case .entries(let haveSettings): schema = entries(haveSettings: haveSettings)
        case .matrix: schema = mapping(ManifestKeys.matrix)
        case .models:
            schema = Self.named(
                .object(["oneOf": .array(ManifestKeys.origins.map { .object(mapping($0)) })]))
        case .tasks:
            schema = variants(
                ManifestKeys.taskKind, catalog.tasks.map { ($0.kind, $0.settings) })
        case .hardware:
            schema = variants(
                ManifestKeys.hardwareKind, catalog.backends.map { ($0.name, $0.settings) })
        }
        schema["description"] = .string(key.summary)
        return schema
    }

    /// A mapping of the user's own names to this.
    private static func named(_ value: JSONValue) -> Schema {
        [
            "type": .array([.string("object"), .string("null")]), "additionalProperties": value,
            "propertyNames": .object(["pattern": .string("^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]),
        ]
    }

    /// A name that is a kind needs none inside; any other says its kind, which decides on the keys.
    private func variants(
        _ kind: ManifestKey, _ kinds: [(name: String, settings: [Catalog.Setting])]
    ) -> Schema {
        func entry(_ name: String, _ settings: [Catalog.Setting]) -> Schema {
            var properties = Dictionary(
                uniqueKeysWithValues: settings.map {
                    ($0.key, JSONValue.object(Self.schema(of: $0)))
                })
            properties[kind.name] = .object([
                "const": .string(name), "description": .string(kind.summary),
            ])
            return [
                "type": .string("object"), "additionalProperties": .bool(false),
                "properties": .object(properties),
            ]
        }
        var properties: Schema = [:]
        var others: [JSONValue] = []
        for (name, settings) in kinds {
            var own = entry(name, settings)
            others.append(.object(own.merging(["required": .array([.string(kind.name)])]) { $1 }))
            own["type"] = .array([.string("object"), .string("null")])
            properties[name] = .object(own)
        }
        var schema = Self.named(.object(["anyOf": .array(others)]))
        schema["properties"] = .object(properties)
        return schema
    }

    // MARK: The matrix

    private func names(_ axis: Manifest.Axis) -> Schema {
        var name = Self.text
        if axis == .quantization {
            name = ["enum": .array(catalog.quantizations.map { .string($0) })]
        }
        return [
            "anyOf": .array([
                .object(name),
                .object([
                    "type": .string("array"), "minItems": .integer(1), "items": .object(name),
                ]),
            ])
        ]
    }

    private func entries(haveSettings: Bool) -> Schema {
        var properties: Schema = [:]
        for axis in Manifest.Axis.allCases { properties[axis.rawValue] = .object(names(axis)) }
        if haveSettings {
            // Tasks may share a key: what one of them allows is allowed here.
            let settings = catalog.tasks.flatMap(\.settings)
            for (key, same) in Dictionary(grouping: settings, by: \.key) {
                properties[key] = .object([
                    "anyOf": .array(same.map { .object(Self.schema(of: $0)) })
                ])
            }
        }
        return [
            "type": .array([.string("array"), .string("null")]),
            "items": .object([
                "type": .string("object"), "minProperties": .integer(1),
                "additionalProperties": .bool(false), "properties": .object(properties),
            ]),
        ]
    }

    // MARK: Values

    /// YAML's types are not guessed: what looks like a number is a text where one is wanted.
    private static let text: Schema = [
        "type": .array([.string("string"), .string("number"), .string("boolean")])
    ]

    private static func integer(_ range: ClosedRange<Int>) -> Schema {
        var schema: Schema = ["type": .string("integer")]
        if range.lowerBound > .min { schema["minimum"] = .integer(Int64(range.lowerBound)) }
        if range.upperBound < .max { schema["maximum"] = .integer(Int64(range.upperBound)) }
        return schema
    }

    private static func list(of item: Schema) -> Schema {
        ["type": .string("array"), "items": .object(item), "minItems": .integer(1)]
    }

    /// `{model: NAME, quantization: FORMAT}`.
    private static var otherModel: Schema {
        [
            "type": .string("object"), "additionalProperties": .bool(false),
            "required": .array([.string("model")]),
            "properties": .object(["model": .object(text), "quantization": .object(text)]),
        ]
    }

    private static func schema(of setting: Catalog.Setting) -> Schema {
        var choices: [Schema]
        switch setting.kind {
        case .integer(let range): choices = [integer(range)]
        case .integerOrAuto(let range): choices = [integer(range), ["const": .string("auto")]]
        case .integers(let range): choices = [Self.list(of: integer(range))]
        case .integersOrAuto(let range):
            let word: Schema = ["const": .string("auto")]
            let one: Schema = ["anyOf": .array([.object(integer(range)), .object(word)])]
            choices = [one, Self.list(of: one)]
        case .number(let range):
            var number: Schema = [
                "type": .string("number"), "minimum": .number(range.lowerBound),
            ]
            if range.upperBound < .greatestFiniteMagnitude {
                number["maximum"] = .number(range.upperBound)
            }
            choices = [number]
        case .countOrShare:
            choices = [
                integer(1 ... .max),
                [
                    "type": .string("number"), "exclusiveMinimum": .integer(0),
                    "exclusiveMaximum": .integer(1),
                ],
            ]
        case .bool: choices = [["type": .string("boolean")]]
        case .text: choices = [text]
        case .choice(let words): choices = [["enum": .array(words.map { .string($0) })]]
        case .otherModel: choices = [text, Self.otherModel]
        }
        if setting.defaultValue == .null { choices.append(["type": .string("null")]) }
        var schema: Schema =
            choices.count == 1 ? choices[0] : ["anyOf": .array(choices.map { .object($0) })]
        schema["description"] = .string(setting.summary)
        schema["default"] = setting.defaultValue
        return schema
    }
}
