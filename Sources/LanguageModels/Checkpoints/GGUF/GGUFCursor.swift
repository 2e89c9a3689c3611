/// Reads a GGUF header from front to back.
///
/// Every read is checked against the end of the file.
struct GGUFCursor {
    let bytes: UnsafeRawBufferPointer
    let file: String
    private(set) var position = 0

    /// llama.cpp's limit for strings and for array elements.
    static let largestCount: UInt64 = 1 << 30

    init(_ bytes: UnsafeRawBufferPointer, file: String) {
        self.bytes = bytes
        self.file = file
    }

    var remaining: Int { bytes.count - position }

    /// A little-endian number; `what` names it in the message when the file ends too early.
    mutating func number<Value: FixedWidthInteger>(
        _ type: Value.Type, _ what: @autoclosure () -> String
    ) throws(CheckpointError) -> Value {
        let size = MemoryLayout<Value>.size
        guard size <= remaining else { throw ended(what(), wanted: size) }
        defer { position += size }
        return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Value.self))
    }

    /// The range of a string's bytes; its length, a u64, stands before it.
    mutating func stringRange(_ what: @autoclosure () -> String) throws(CheckpointError)
        -> Range<Int>
    {
        let start = position
        let length = try number(UInt64.self, "the length of \(what())")
        guard length <= Self.largestCount, length <= UInt64(remaining) else {
            throw fail(
                "\(what()) at byte \(start) claims \(length) bytes, only \(remaining) are left.")
        }
        let first = position
        position += Int(length)
        return first..<position
    }

    /// A string that is used as a name, so it must be UTF-8.
    mutating func name(_ what: @autoclosure () -> String, below limit: Int) throws(CheckpointError)
        -> String
    {
        let range = try stringRange(what())
        guard !range.isEmpty else { throw fail("\(what()) is empty.") }
        guard range.count < limit else {
            throw fail("\(what()) has \(range.count) bytes, wanted fewer than \(limit).")
        }
        let slice = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard let name = String(validating: slice, as: UTF8.self) else {
            throw fail("\(what()) is not UTF-8.")
        }
        return name
    }

    mutating func skip(_ count: Int, _ what: @autoclosure () -> String) throws(CheckpointError) {
        guard count <= remaining else { throw ended(what(), wanted: count) }
        position += count
    }

    func fail(_ problem: String) -> CheckpointError { CheckpointError(file: file, problem) }

    private func ended(_ what: String, wanted: Int) -> CheckpointError {
        fail(
            "the file ends inside \(what): wanted \(wanted) bytes at byte \(position), "
                + "found \(remaining). It is incomplete; fetch it again.")
    }
}
