import Basics

/// The members of an object in a JSON file, read by type; errors name the file and dotted path.
struct JSONFields: Sendable {
    private let file: String
    /// `rope_parameters.`, empty at the top.
    private let prefix: String
    private let members: [String: JSONValue]

    /// Far more than any configuration needs.
    private static let sizeLimit = 4 << 20

    init(path: String) throws { try self.init(MappedFile(path: path, copying: true)) }

    init(_ map: MappedFile) throws(CheckpointError) {
        file = map.path
        prefix = ""
        guard map.count <= Self.sizeLimit else {
            throw CheckpointError(
                file: map.path, "it has \(map.count) bytes, wanted at most \(Self.sizeLimit).")
        }
        let value: JSONValue
        do throws(JSONSyntaxError) {
            value = try map.withBytes { bytes throws(JSONSyntaxError) in
                try JSONParser.value(of: bytes)
            }
        } catch {
            throw CheckpointError(file: map.path, "\(error)")
        }
        guard case .object(let members) = value else {
            throw CheckpointError(file: map.path, "wanted an object, found \(found(value)).")
        }
        self.members = members
    }

    private init(_ members: [String: JSONValue], file: String, prefix: String) {
        self.members = members
        self.file = file
        self.prefix = prefix
    }

    /// The value; nil when it is missing or null.
    subscript(key: String) -> JSONValue? { members[key].flatMap { $0 == .null ? nil : $0 } }

    func path(_ key: String) -> String { prefix + key }

    func problem(_ text: String) -> CheckpointError { CheckpointError(file: file, text) }

    // MARK: Optional values: nil when missing or null, throw when of another type

    func integer(_ key: String) throws(CheckpointError) -> Int? {
        guard let value = self[key] else { return nil }
        guard case .integer(let number) = value else { throw mismatch(key, "an integer", value) }
        return Int(number)
    }

    func number(_ key: String) throws(CheckpointError) -> Double? {
        guard let value = self[key] else { return nil }
        switch value {
        case .integer(let number): return Double(number)
        case .number(let number): return number
        default: throw mismatch(key, "a number", value)
        }
    }

    func bool(_ key: String) throws(CheckpointError) -> Bool? {
        guard let value = self[key] else { return nil }
        guard case .bool(let flag) = value else { throw mismatch(key, "true or false", value) }
        return flag
    }

    func string(_ key: String) throws(CheckpointError) -> String? {
        guard let value = self[key] else { return nil }
        guard case .string(let text) = value else { throw mismatch(key, "a string", value) }
        return text
    }

    /// One integer or a list of them; empty when missing.
    func integers(_ key: String) throws(CheckpointError) -> [Int] {
        guard let value = self[key] else { return [] }
        let elements = if case .array(let elements) = value { elements } else { [value] }
        var numbers: [Int] = []
        for element in elements {
            guard case .integer(let number) = element else {
                throw mismatch(key, "an integer or a list of them", value)
            }
            numbers.append(Int(number))
        }
        return numbers
    }

    func fields(_ key: String) throws(CheckpointError) -> JSONFields? {
        guard let value = self[key] else { return nil }
        guard case .object(let members) = value else { throw mismatch(key, "an object", value) }
        return JSONFields(members, file: file, prefix: "\(path(key)).")
    }

    // MARK: Required values

    /// A number above 0 that is finite as f32.
    func positive(_ key: String, default value: Double? = nil) throws(CheckpointError) -> Float {
        guard let number = try number(key) ?? value else {
            throw problem("there is no \(quoted(path(key))), which this model needs.")
        }
        guard Float(number) > 0, Float(number).isFinite else {
            throw problem("\(path(key)) is \(number); wanted a number above 0.")
        }
        return Float(number)
    }

    private func mismatch(_ key: String, _ wanted: String, _ value: JSONValue) -> CheckpointError {
        problem("\(path(key)): wanted \(wanted), found \(found(value)).")
    }
}

/// A value as a message shows it: short, on one line.
private func found(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let flag): "\(flag)"
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .string(let text): "the string \(quoted(text))"
    case .array(let elements): "a list of \(elements.count)"
    case .object: "an object"
    }
}
