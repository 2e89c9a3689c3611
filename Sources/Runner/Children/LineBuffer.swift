/// Cuts a stream of bytes into lines, however the stream was split on its way.
struct LineBuffer {
    /// Bytes that a line may have; a stream without line ends must not fill the memory.
    let limit: Int
    private var pending: [UInt8] = []
    /// How much of `pending` is known to hold no line end.
    private var searched = 0

    init(limit: Int) { self.limit = limit }

    /// The beginning of a line whose end has not come.
    var unfinished: [UInt8] { pending }

    var isOverLimit: Bool { pending.count > limit }

    /// Takes bytes in and gives back the lines that are whole now, without their ends.
    ///
    /// - Complexity: linear in the bytes given, also for lines that come in many pieces.
    mutating func append(_ bytes: UnsafeRawBufferPointer) -> [[UInt8]] {
        pending.append(contentsOf: bytes)
        var lines: [[UInt8]] = []
        var start = 0
        while let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(Array(pending[start..<end]))
            start = end + 1
            searched = start
        }
        pending.removeFirst(start)
        searched = pending.count
        return lines
    }
}

/// The end of a stream of text, for the reason of a failure.
struct TextTail {
    private let limit: Int
    private var bytes: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: more.suffix(limit))
        if bytes.count > limit { bytes.removeFirst(bytes.count - limit) }
    }

    /// The line that says most about why the process ended: Swift's `Fatal error`, or the last.
    var tellingLine: String? {
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            .map { ReasonText.oneLine($0, limit: 300) }.filter { !$0.isEmpty }
        return lines.last { $0.contains("Fatal error") } ?? lines.last
    }
}
