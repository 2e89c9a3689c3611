import Basics
import Tensors

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A metadata value to write.
package enum GGUFValue: Sendable {
    case uint32(UInt32)
    case int32(Int32)
    case uint64(UInt64)
    case float32(Float)
    case bool(Bool)
    case string(String)
    case int32s([Int32])
    case float32s([Float])
    /// Strings of any bytes.
    case strings([[UInt8]])
    /// Anything, as it lies in another file: a type, whether it is an array of how many, the bytes.
    case copied(GGUFValueType, arrayCount: Int?, [UInt8])
}

/// Writes a GGUF file, version 3: header first, then tensor data piece by piece.
///
/// The file grows under a temporary name beside its place and is renamed by `finish`, so that nobody
/// ever sees half a file; a writer that goes away unfinished removes it.
///
///     let writer = try GGUFWriter(path: path, metadata: pairs, tensors: descriptions)
///     for tensor in ... { try writer.append(bytes) }  // in the order of `tensors`
///     try writer.finish()
package final class GGUFWriter {
    /// A tensor to come: data follows in this order, without gaps.
    package struct Tensor: Hashable, Sendable {
        package let name: String
        /// Innermost first.
        package let dimensions: [Int]
        package let type: GGMLType

        package init(name: String, dimensions: [Int], type: GGMLType) {
            self.name = name
            self.dimensions = dimensions
            self.type = type
        }

        package var byteCount: Int { type.byteCount(elements: dimensions.reduce(1, *)) }
    }

    private static let alignment = 32
    private let path: String
    private let temporaryPath: String
    private let tensors: [Tensor]
    private var descriptor: Int32
    private var buffer: [UInt8] = []
    private var position = 0
    private var tensorIndex = 0
    private var tensorBytes = 0

    /// Creates the temporary file and writes the header.
    ///
    /// A pair `general.alignment` is left out: the writer always aligns to 32, the default. Throws
    /// `BasicsError` when the file cannot be written.
    package init(path: String, metadata: [(String, GGUFValue)], tensors: [Tensor])
        throws(BasicsError)
    {
        self.path = path
        self.tensors = tensors
        Self.removeLeftovers(of: path)
        let suffix = String(UInt64.random(in: 0 ... .max), radix: 36)
        temporaryPath = path + Self.partial + suffix
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw failure("create the file")
        }
        // Held for as long as the file is open, also when the process is killed.
        flock(descriptor, LOCK_EX | LOCK_NB)
        try writeHeader(metadata.filter { $0.0 != "general.alignment" })
        skipEmptyTensors()
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(temporaryPath)
    }

    /// The next bytes of the current tensor; the next tensor begins when this one is complete.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(BasicsError) {
        precondition(tensorIndex < tensors.count, "data after the last tensor")
        let size = tensors[tensorIndex].byteCount
        precondition(bytes.count <= size - tensorBytes, "more data than the tensor has")
        // Large pieces go out as they are.
        try flush(below: buffer.count + bytes.count > Self.bufferSize ? 0 : Self.bufferSize)
        if bytes.count > Self.bufferSize {
            // macOS refuses to write 2 GiB in one call.
            for start in stride(from: 0, to: bytes.count, by: 1 << 30) {
                let piece = UnsafeRawBufferPointer(
                    rebasing: bytes[start..<min(start + (1 << 30), bytes.count)])
                try FileSystem.write(piece, to: descriptor, named: path)
            }
        } else {
            buffer.append(contentsOf: bytes)
        }
        position += bytes.count
        tensorBytes += bytes.count
        if tensorBytes == size { endTensor() }
    }

    /// Writes what is left, puts the file in its place and makes both durable.
    package func finish() throws(BasicsError) {
        precondition(tensorIndex == tensors.count, "tensor data is missing")
        try flush(below: 0)
        guard fsync(descriptor) == 0 else { throw failure("write the file") }
        let result = close(descriptor)
        descriptor = -1
        guard result == 0, rename(temporaryPath, path) == 0 else {
            let error = failure("put the file in its place")
            unlink(temporaryPath)
            throw error
        }
    }

    private static let partial = ".partial-"

    /// Removes what killed writers of the same file have left: files that nobody holds a lock on.
    private static func removeLeftovers(of path: String) {
        let folder = FileSystem.folder(of: path)
        let prefix = FileSystem.name(of: path) + partial
        let names = (try? FileSystem.names(in: folder)) ?? []
        for name in names where name.hasPrefix(prefix) {
            let leftover = FileSystem.join(folder, name)
            let descriptor = open(leftover, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(leftover) }
            close(descriptor)
        }
    }

    private func endTensor() {
        pad()
        tensorIndex += 1
        tensorBytes = 0
        skipEmptyTensors()
    }

    private func skipEmptyTensors() {
        while tensorIndex < tensors.count, tensors[tensorIndex].byteCount == 0 { tensorIndex += 1 }
    }

    // MARK: Bytes

    private static let bufferSize = 1 << 20

    private func pad() {
        while position % Self.alignment != 0 { put(UInt8(0)) }
    }

    private func put(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { buffer.append(contentsOf: $0) }
        position += MemoryLayout.size(ofValue: value)
    }

    private func put(_ bytes: some Collection<UInt8>) {
        put(UInt64(bytes.count))
        buffer.append(contentsOf: bytes)
        position += bytes.count
    }

    private func flush(below limit: Int) throws(BasicsError) {
        guard buffer.count > limit else { return }
        try FileSystem.write(buffer, to: descriptor, named: path)
        buffer.removeAll(keepingCapacity: true)
    }

    /// The error of the system call that has just failed.
    private func failure(_ attempt: String) -> BasicsError {
        .system(place: path, attempt: attempt, code: errno)
    }
}

// MARK: - Header

extension GGUFWriter {
    private func writeHeader(_ metadata: [(String, GGUFValue)]) throws(BasicsError) {
        put(UInt32(0x4655_4747))
        put(UInt32(3))
        put(Int64(tensors.count))
        put(Int64(metadata.count))
        for (key, value) in metadata {
            put(key.utf8)
            put(value)
            try flush(below: Self.bufferSize)
        }
        var offset = 0
        for tensor in tensors {
            put(tensor.name.utf8)
            put(UInt32(tensor.dimensions.count))
            for dimension in tensor.dimensions { put(Int64(dimension)) }
            put(tensor.type.id)
            put(UInt64(offset))
            offset += (tensor.byteCount + Self.alignment - 1) / Self.alignment * Self.alignment
        }
        pad()
    }

    private func put(_ value: GGUFValue) {
        switch value {
        case .uint32(let number):
            put(GGUFValueType.uint32.rawValue)
            put(number)
        case .int32(let number):
            put(GGUFValueType.int32.rawValue)
            put(number)
        case .uint64(let number):
            put(GGUFValueType.uint64.rawValue)
            put(number)
        case .float32(let number):
            put(GGUFValueType.float32.rawValue)
            put(number.bitPattern)
        case .bool(let flag):
            put(GGUFValueType.bool.rawValue)
            put(UInt8(flag ? 1 : 0))
        case .string(let text):
            put(GGUFValueType.string.rawValue)
            put(text.utf8)
        case .int32s(let numbers):
            putArray(.int32, count: numbers.count)
            for number in numbers { put(number) }
        case .float32s(let numbers):
            putArray(.float32, count: numbers.count)
            for number in numbers { put(number.bitPattern) }
        case .strings(let strings):
            putArray(.string, count: strings.count)
            for string in strings { put(string) }
        case .copied(let type, let count, let bytes):
            if let count { putArray(type, count: count) } else { put(type.rawValue) }
            buffer.append(contentsOf: bytes)
            position += bytes.count
        }
    }

    private func putArray(_ type: GGUFValueType, count: Int) {
        put(GGUFValueType.array.rawValue)
        put(type.rawValue)
        put(UInt64(count))
    }
}
