import Basics

/// The types of metadata values, with GGUF's numbers.
package enum GGUFValueType: UInt32, Sendable, CustomStringConvertible {
    case uint8 = 0
    case int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

    package var description: String {
        switch self {
        case .uint8: "u8"
        case .int8: "i8"
        case .uint16: "u16"
        case .int16: "i16"
        case .uint32: "u32"
        case .int32: "i32"
        case .float32: "f32"
        case .bool: "bool"
        case .string: "string"
        case .array: "array"
        case .uint64: "u64"
        case .int64: "i64"
        case .float64: "f64"
        }
    }

    /// Bytes of a value, nil for strings and arrays, which carry their length.
    var byteCount: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .string, .array: nil
        }
    }
}

/// The key-value part of a GGUF file.
///
/// Values stay in the file until they are asked for.
///
///     let layers = try file.metadata.integer("llama.block_count")
///     let epsilon = try file.metadata.float("llama.attention.layer_norm_rms_epsilon")
package struct GGUFMetadata: Sendable {
    /// Where a value lies.
    ///
    /// The header check has already walked over it, so `range` is sound.
    package struct Entry: Sendable {
        package let key: String
        /// The value's type, for arrays the type of the elements.
        package let type: GGUFValueType
        package let isArray: Bool
        /// Elements of an array, 1 for a single value.
        package let count: Int
        /// The value's bytes in the file, without the type and an array's count; a string's length
        /// is inside.
        let range: Range<Int>

        /// What a message calls it: `u32`, `array of 49152 string`.
        package var typeDescription: String { isArray ? "array of \(count) \(type)" : "\(type)" }
    }

    package let entries: [Entry]
    private let indexByKey: [String: Int]
    private let map: MappedFile

    init(entries: [Entry], map: MappedFile) {
        self.entries = entries
        self.map = map
        indexByKey = Dictionary(
            entries.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
    }

    package subscript(key: String) -> Entry? { indexByKey[key].map { entries[$0] } }

    package func contains(_ key: String) -> Bool { indexByKey[key] != nil }

    /// The value's bytes as they lie in the file.
    func rawBytes(_ entry: Entry) -> [UInt8] { map.withBytes { [UInt8]($0[entry.range]) } }
}

// MARK: - Required values: throw when missing or of another type

extension GGUFMetadata {
    /// Any integer type.
    ///
    /// Throws when it does not fit `Int`.
    package func integer(_ key: String) throws(CheckpointError) -> Int {
        try required(key, integerIfPresent(key))
    }

    /// Any floating-point or integer type.
    package func float(_ key: String) throws(CheckpointError) -> Double {
        try required(key, floatIfPresent(key))
    }

    package func bool(_ key: String) throws(CheckpointError) -> Bool {
        try required(key, boolIfPresent(key))
    }

    /// A string as text; bytes that are not UTF-8 are replaced by U+FFFD.
    package func string(_ key: String) throws(CheckpointError) -> String {
        try required(key, stringIfPresent(key))
    }

    /// An array of any integer type; a single integer counts as an array of one.
    package func integers(_ key: String) throws(CheckpointError) -> [Int] {
        try required(key, integersIfPresent(key))
    }

    package func floats(_ key: String) throws(CheckpointError) -> [Float] {
        try required(key, floatsIfPresent(key))
    }

    /// An array of strings as their bytes, which need not be UTF-8.
    package func strings(_ key: String) throws(CheckpointError) -> [[UInt8]] {
        try required(key, stringsIfPresent(key))
    }

    private func required<Value>(_ key: String, _ value: Value?) throws(CheckpointError) -> Value {
        if let value { return value }
        throw CheckpointError(
            file: map.path, "the metadata has no \(quoted(key)), which this model needs.")
    }
}

// MARK: - Optional values: nil when missing, throw when of another type

extension GGUFMetadata {
    package func integerIfPresent(_ key: String) throws(CheckpointError) -> Int? {
        guard let entry = try entry(key, array: false, "an integer", \.isInteger) else {
            return nil
        }
        return try integer(entry, at: 0)
    }

    package func floatIfPresent(_ key: String) throws(CheckpointError) -> Double? {
        guard let entry = try entry(key, array: false, "a number", \.isNumber) else { return nil }
        return try float(entry, at: 0)
    }

    package func boolIfPresent(_ key: String) throws(CheckpointError) -> Bool? {
        guard let entry = try entry(key, array: false, "a bool", { $0 == .bool }) else {
            return nil
        }
        return load(entry, 0, UInt8.self) != 0
    }

    package func stringIfPresent(_ key: String) throws(CheckpointError) -> String? {
        guard let entry = try entry(key, array: false, "a string", { $0 == .string }) else {
            return nil
        }
        return String(decoding: rawBytes(entry).dropFirst(8), as: UTF8.self)
    }

    package func integersIfPresent(_ key: String) throws(CheckpointError) -> [Int]? {
        let array = self[key]?.isArray ?? true
        guard let entry = try entry(key, array: array, "an array of integers", \.isInteger) else {
            return nil
        }
        var values: [Int] = []
        values.reserveCapacity(entry.count)
        for index in 0..<entry.count { values.append(try integer(entry, at: index)) }
        return values
    }

    package func floatsIfPresent(_ key: String) throws(CheckpointError) -> [Float]? {
        guard let entry = try entry(key, array: true, "an array of numbers", \.isNumber) else {
            return nil
        }
        var values: [Float] = []
        values.reserveCapacity(entry.count)
        for index in 0..<entry.count { values.append(Float(try float(entry, at: index))) }
        return values
    }

    package func stringsIfPresent(_ key: String) throws(CheckpointError) -> [[UInt8]]? {
        var strings: [[UInt8]] = []
        strings.reserveCapacity(self[key]?.count ?? 0)
        let isPresent = try forEachString(key) { strings.append(Array($0)) }
        return isPresent ? strings : nil
    }

    /// Walks an array of strings without copying them; false when there is no such key.
    ///
    /// The bytes are good during the call only.
    @discardableResult
    package func forEachString(_ key: String, _ body: (UnsafeRawBufferPointer) -> Void)
        throws(CheckpointError) -> Bool
    {
        guard let entry = try entry(key, array: true, "an array of strings", { $0 == .string })
        else { return false }
        map.withBytes { bytes in
            var position = entry.range.lowerBound
            for _ in 0..<entry.count {
                let length = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                let start = position + 8
                position = start + Int(UInt64(littleEndian: length))
                body(UnsafeRawBufferPointer(rebasing: bytes[start..<position]))
            }
        }
        return true
    }

    private func entry(
        _ key: String, array: Bool, _ wanted: String, _ accepts: (GGUFValueType) -> Bool
    ) throws(CheckpointError) -> Entry? {
        guard let entry = self[key] else { return nil }
        guard entry.isArray == array, accepts(entry.type) else {
            throw CheckpointError(
                file: map.path,
                "metadata \(quoted(key)): wanted \(wanted), found \(entry.typeDescription).")
        }
        return entry
    }

    private func load<Value: BitwiseCopyable>(_ entry: Entry, _ index: Int, _: Value.Type) -> Value
    {
        map.withBytes {
            $0.loadUnaligned(
                fromByteOffset: entry.range.lowerBound + index * MemoryLayout<Value>.size,
                as: Value.self)
        }
    }

    private func integer(_ entry: Entry, at index: Int) throws(CheckpointError) -> Int {
        switch entry.type {
        case .uint8: return Int(load(entry, index, UInt8.self))
        case .int8: return Int(load(entry, index, Int8.self))
        case .uint16: return Int(UInt16(littleEndian: load(entry, index, UInt16.self)))
        case .int16: return Int(Int16(littleEndian: load(entry, index, Int16.self)))
        case .uint32: return Int(UInt32(littleEndian: load(entry, index, UInt32.self)))
        case .int32: return Int(Int32(littleEndian: load(entry, index, Int32.self)))
        case .int64: return Int(Int64(littleEndian: load(entry, index, Int64.self)))
        default:
            let value = UInt64(littleEndian: load(entry, index, UInt64.self))
            guard let value = Int(exactly: value) else {
                throw CheckpointError(
                    file: map.path, "metadata \(quoted(entry.key)): \(value) is too large.")
            }
            return value
        }
    }

    private func float(_ entry: Entry, at index: Int) throws(CheckpointError) -> Double {
        switch entry.type {
        case .float32:
            let bits = UInt32(littleEndian: load(entry, index, UInt32.self))
            return Double(Float(bitPattern: bits))
        case .float64:
            return Double(bitPattern: UInt64(littleEndian: load(entry, index, UInt64.self)))
        default:
            return Double(try integer(entry, at: index))
        }
    }
}

extension GGUFValueType {
    fileprivate var isInteger: Bool { byteCount != nil && !isFloat && self != .bool }
    fileprivate var isFloat: Bool { self == .float32 || self == .float64 }
    fileprivate var isNumber: Bool { isInteger || isFloat }
}
