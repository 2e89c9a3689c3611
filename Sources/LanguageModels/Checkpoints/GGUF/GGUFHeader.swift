import Basics
import Tensors

/// The header of a GGUF file, read once and checked completely.
///
/// The rules are llama.cpp's, so that a file accepted here is accepted there. Nothing is allocated
/// from a count that the remaining bytes could not hold.
struct GGUFHeader {
    private(set) var version: UInt32 = 0
    private(set) var alignment = 32
    private(set) var metadata: GGUFMetadata
    private(set) var tensors: [CheckpointTensor] = []
    private let map: MappedFile

    /// The smallest key-value pair: length, no key, type, one byte.
    ///
    /// The smallest tensor: two lengths, type, offset.
    private static let smallestPair = 13
    private static let smallestTensor = 24
    private static let nameLimit = 64
    private static let keyLimit = 1 << 16
    /// More than a good file needs, little enough to give to a bad one in advance.
    private static let reservation = 4096

    init(_ map: MappedFile) throws(CheckpointError) {
        metadata = GGUFMetadata(entries: [], map: map)
        self.map = map
        var cursor = GGUFCursor(map.bytes, file: map.path)
        try readVersion(&cursor)
        let tensorCount = try Self.count(&cursor, "tensors", each: Self.smallestTensor)
        let pairCount = try Self.count(&cursor, "metadata entries", each: Self.smallestPair)
        let entries = try Self.readPairs(&cursor, count: pairCount)
        metadata = GGUFMetadata(entries: entries, map: map)
        try readAlignment(cursor)
        try readTensors(&cursor, count: tensorCount)
    }

    // MARK: Version and counts

    private mutating func readVersion(_ cursor: inout GGUFCursor) throws(CheckpointError) {
        let magic = try cursor.number(UInt32.self, "the first four bytes")
        guard magic == 0x4655_4747 else {
            throw cursor.fail("this is not a GGUF file: it does not begin with 'GGUF'.")
        }
        version = try cursor.number(UInt32.self, "the version")
        if version != 0 && version & 0xFFFF == 0 {
            throw cursor.fail(
                "this GGUF file is big-endian (version reads as \(version)); "
                    + "only little-endian files are supported.")
        }
        guard version == 2 || version == 3 else {
            let advice = version == 1 ? " Convert it with a current llama.cpp." : ""
            throw cursor.fail("GGUF version \(version), wanted 2 or 3.\(advice)")
        }
    }

    private static func count(_ cursor: inout GGUFCursor, _ what: String, each size: Int)
        throws(CheckpointError) -> Int
    {
        let count = try cursor.number(Int64.self, "the number of \(what)")
        guard count >= 0, count <= Int64(cursor.remaining / size) else {
            throw cursor.fail(
                "the header claims \(count) \(what); "
                    + "the \(cursor.remaining) bytes that follow cannot hold them.")
        }
        return Int(count)
    }

    // MARK: Metadata

    private static func readPairs(_ cursor: inout GGUFCursor, count: Int) throws(CheckpointError)
        -> [GGUFMetadata.Entry]
    {
        var entries: [GGUFMetadata.Entry] = []
        entries.reserveCapacity(min(count, Self.reservation))
        var seen = Set<String>(minimumCapacity: min(count, Self.reservation))
        for index in 0..<count {
            let what = "metadata key \(index)"
            let key = try cursor.name(what, below: keyLimit)
            guard seen.insert(key).inserted else {
                throw cursor.fail("metadata key \(quoted(key)) occurs twice.")
            }
            entries.append(try readValue(&cursor, key))
        }
        return entries
    }

    private static func readValue(_ cursor: inout GGUFCursor, _ key: String)
        throws(CheckpointError) -> GGUFMetadata.Entry
    {
        let what = "metadata \(quoted(key))"
        var type = try valueType(&cursor, what)
        let isArray = type == .array
        var count: UInt64 = 1
        if isArray {
            type = try valueType(&cursor, what)
            guard type != .array else {
                throw cursor.fail("\(what): arrays of arrays are not part of the format.")
            }
            count = try cursor.number(UInt64.self, "the length of \(what)")
            let size = UInt64(type.byteCount ?? 8)
            guard count <= GGUFCursor.largestCount, count <= UInt64(cursor.remaining) / size else {
                throw cursor.fail(
                    "\(what) claims \(count) elements of type \(type); "
                        + "the \(cursor.remaining) bytes that follow cannot hold them.")
            }
        }
        let start = cursor.position
        if let size = type.byteCount {
            try cursor.skip(Int(count) * size, what)
        } else {
            for index in 0..<Int(count) {
                _ = try cursor.stringRange(isArray ? "string \(index) of \(what)" : what)
            }
        }
        return GGUFMetadata.Entry(
            key: key, type: type, isArray: isArray, count: Int(count),
            range: start..<cursor.position)
    }

    private static func valueType(_ cursor: inout GGUFCursor, _ what: String)
        throws(CheckpointError) -> GGUFValueType
    {
        let number = try cursor.number(UInt32.self, "the type of \(what)")
        guard let type = GGUFValueType(rawValue: number) else {
            throw cursor.fail("\(what): there is no value type with number \(number).")
        }
        return type
    }

    private mutating func readAlignment(_ cursor: GGUFCursor) throws(CheckpointError) {
        let key = "general.alignment"
        guard let entry = metadata[key] else { return }
        guard !entry.isArray, entry.type == .uint32 else {
            throw cursor.fail("metadata '\(key)': wanted u32, found \(entry.typeDescription).")
        }
        alignment = try metadata.integer(key)
        guard alignment > 0, alignment & (alignment - 1) == 0 else {
            throw cursor.fail("metadata '\(key)': wanted a power of two, found \(alignment).")
        }
    }

    // MARK: Tensors

    private mutating func readTensors(_ cursor: inout GGUFCursor, count: Int)
        throws(CheckpointError)
    {
        guard count > 0 else { return }
        var described: [Described] = []
        described.reserveCapacity(min(count, Self.reservation))
        var seen = Set<String>(minimumCapacity: min(count, Self.reservation))
        for index in 0..<count {
            let tensor = try Described(&cursor, index: index, nameLimit: Self.nameLimit)
            guard seen.insert(tensor.name).inserted else {
                throw cursor.fail("tensor \(quoted(tensor.name)) occurs twice.")
            }
            described.append(tensor)
        }
        // Small numbers all: a position in the file and an alignment below 2^32.
        let dataStart = (cursor.position + alignment - 1) / alignment * alignment
        var expected = 0
        tensors.reserveCapacity(described.count)
        for tensor in described {
            tensors.append(
                try tensor.placed(
                    at: &expected, dataStart: dataStart, alignment: alignment, cursor, in: map))
        }
    }

    /// A tensor as the header describes it, its place not yet checked.
    private struct Described {
        let name: String
        let dimensions: [Int]
        let type: GGMLType
        let byteCount: Int
        let offset: UInt64

        init(_ cursor: inout GGUFCursor, index: Int, nameLimit: Int) throws(CheckpointError) {
            name = try cursor.name("the name of tensor \(index)", below: nameLimit)
            let what = "tensor \(quoted(name))"
            let rank = try cursor.number(UInt32.self, "the shape of \(what)")
            guard rank <= 4 else {
                throw cursor.fail("\(what): \(rank) dimensions, wanted at most 4.")
            }
            var dimensions: [Int] = []
            for _ in 0..<rank {
                dimensions.append(Int(try cursor.number(Int64.self, "the shape of \(what)")))
            }
            self.dimensions = dimensions
            let shape = CheckpointTensor.shape(dimensions)
            var elements = 1
            for dimension in dimensions {
                guard dimension > 0 else {
                    throw cursor.fail("\(what): shape \(shape), wanted dimensions above 0.")
                }
                let (product, overflow) = elements.multipliedReportingOverflow(by: dimension)
                guard !overflow else {
                    throw cursor.fail(
                        "\(what): shape \(shape) has more elements than can be counted.")
                }
                elements = product
            }
            let number = try cursor.number(UInt32.self, "the type of \(what)")
            guard let type = GGMLType.withID(number) else {
                throw cursor.fail("\(what): there is no tensor type with number \(number).")
            }
            self.type = type
            guard (dimensions.first ?? 1) % type.blockElements == 0 else {
                throw cursor.fail(
                    "\(what): shape \(shape), but rows of type \(type) "
                        + "are made of blocks of \(type.blockElements).")
            }
            let (bytes, overflow) = (elements / type.blockElements)
                .multipliedReportingOverflow(by: type.blockBytes)
            guard !overflow else {
                throw cursor.fail("\(what): shape \(shape) of type \(type) has too many bytes.")
            }
            byteCount = bytes
            offset = try cursor.number(UInt64.self, "the offset of \(what)")
        }

        /// The tensor at its place.
        ///
        /// Data lies in the order of the header, without gaps but for padding: anything else is an
        /// overlap or a hole.
        func placed(
            at expected: inout Int, dataStart: Int, alignment: Int, _ cursor: GGUFCursor,
            in file: MappedFile
        ) throws(CheckpointError) -> CheckpointTensor {
            let what = "tensor \(quoted(name))"
            guard offset % UInt64(alignment) == 0 else {
                throw cursor.fail(
                    "\(what): offset \(offset) is not a multiple of the alignment \(alignment).")
            }
            guard offset >= UInt64(expected) else {
                throw cursor.fail(
                    "\(what): offset \(offset) overlaps the tensor before it, "
                        + "whose data ends at \(expected).")
            }
            guard offset == UInt64(expected) else {
                throw cursor.fail(
                    "\(what): offset \(offset), wanted \(expected), where the data of the tensor "
                        + "before it ends.")
            }
            // `expected` never passes the file's end, so only `byteCount` can be absurd.
            let start = dataStart + expected
            guard start <= cursor.bytes.count, byteCount <= cursor.bytes.count - start else {
                throw cursor.fail(
                    "\(what): its data takes \(byteCount) bytes from byte \(start), the file has "
                        + "\(cursor.bytes.count). It is incomplete; fetch it again.")
            }
            expected = (expected + byteCount + alignment - 1) / alignment * alignment
            return CheckpointTensor(
                name: name, dimensions: dimensions, type: type,
                byteRange: start..<start + byteCount, file: file)
        }
    }
}
