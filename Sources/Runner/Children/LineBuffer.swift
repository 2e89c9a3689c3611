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

/// What a job's process said on stderr, kept to the lines that explain how it ended.
struct LastWords {
    /// Marks of lines that say more than those after them: a backtrace follows.
    private static let marks = ["Fatal error", "Program crashed"]

    private var lines = LineBuffer(limit: 1 << 16)
    private var last: String?
    /// The latest line with each of the marks.
    private var marked: [String?] = marks.map { _ in nil }

    /// Takes output in and gives back the lines that are whole now, fit for a screen.
    mutating func append(_ bytes: UnsafeRawBufferPointer) -> [String] {
        let whole = lines.append(bytes).map { Self.text($0) }
        for line in whole { keep(line) }
        if lines.isOverLimit {
            keep(Self.text(lines.unfinished))
            lines = LineBuffer(limit: lines.limit)
        }
        return whole
    }

    /// The line that says most about why the process ended.
    var tellingLine: String? {
        var all = self
        all.keep(Self.text(lines.unfinished))
        return all.marked.lazy.compactMap { $0 }.first ?? all.last
    }

    private mutating func keep(_ line: String) {
        guard !line.isEmpty else { return }
        last = line
        for (index, mark) in Self.marks.enumerated() where line.contains(mark) {
            marked[index] = line
        }
    }

    private static func text(_ line: [UInt8]) -> String {
        ReasonText.oneLine(String(decoding: line.prefix(2000), as: UTF8.self), limit: 300)
    }
}
