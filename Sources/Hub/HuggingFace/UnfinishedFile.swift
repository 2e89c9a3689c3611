import Basics
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file on its way: bytes arrive in pieces, in any order, and what came survives the process.
///
/// The bytes lie where they will be in the finished file. A journal beside it says how many of
/// each piece have come, and is written after them: a killed process has counted nothing that is
/// not there. What a power failure leaves may be wrong, and is found by the digest at the end.
///
///     journal: "billion-journal 1 SIZE PIECE\n", zeros up to byte 64, then 8 bytes a piece
final class UnfinishedFile: Sendable {
    struct Paths: Hashable, Sendable {
        let data: String
        let journal: String

        func remove() throws(BasicsError) {
            try FileSystem.remove(journal)
            try FileSystem.remove(data)
        }
    }

    let paths: Paths
    let size: Int64
    let pieceBytes: Int64
    private let data: Int32
    private let journal: Int32
    private let state: Mutex<State>

    private struct State {
        /// Bytes of each piece that are in the file.
        var counts: [Int64]
        var isClaimed: [Bool]
        var received: Int64
    }

    private static let headerBytes = 64

    /// Goes on with what is there, when it was begun for the same size and pieces.
    init(_ paths: Paths, size: Int64, pieceBytes: Int64) throws(BasicsError) {
        precondition(size >= 0 && pieceBytes > 0, "a file of some size, in pieces of some size")
        self.paths = paths
        self.size = size
        self.pieceBytes = pieceBytes
        let pieces = Int((size + pieceBytes - 1) / pieceBytes)
        let found = Self.counts(paths, size: size, pieceBytes: pieceBytes, pieces: pieces)
        try FileSystem.makeFolder(FileSystem.folder(of: paths.data))
        if found == nil {
            var header = Array(Self.header(size: size, pieceBytes: pieceBytes).utf8)
            header += [UInt8](repeating: 0, count: Self.headerBytes - header.count + 8 * pieces)
            try FileSystem.remove(paths.data)
            try FileSystem.write(header, atomicallyTo: paths.journal)
        }
        let counts = found ?? [Int64](repeating: 0, count: pieces)
        state = Mutex(
            State(
                counts: counts, isClaimed: counts.map { _ in false },
                received: counts.reduce(0, +)))
        data = open(paths.data, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard data >= 0 else { throw Self.failure(paths.data, "open the file") }
        journal = open(paths.journal, O_RDWR | O_CLOEXEC)
        guard journal >= 0 else {
            let error = Self.failure(paths.journal, "open the file")
            close(data)
            throw error
        }
    }

    deinit {
        close(data)
        close(journal)
    }

    /// Bytes that have come, of all pieces.
    var received: Int64 { state.withLock { $0.received } }

    /// Bytes of one piece that have come.
    func received(of piece: Int) -> Int64 { state.withLock { $0.counts[piece] } }

    /// A piece that nobody works on and that is not whole; nil when there is none.
    func claim() -> Int? {
        state.withLock { state in
            let free = state.counts.indices.first { index in
                !state.isClaimed[index] && state.counts[index] < length(of: index)
            }
            if let free { state.isClaimed[free] = true }
            return free
        }
    }

    /// The bytes of a piece that are still to come; nil when it is whole.
    func missing(of piece: Int) -> ClosedRange<Int64>? {
        let start = Int64(piece) * pieceBytes
        let count = state.withLock { $0.counts[piece] }
        let length = length(of: piece)
        return count < length ? (start + count)...(start + length - 1) : nil
    }

    /// Adds the next bytes of a piece; those beyond its end are an error of the sender.
    ///
    /// - Returns: false when there were too many; nothing is written then.
    func append(_ bytes: UnsafeRawBufferPointer, to piece: Int) throws(BasicsError) -> Bool {
        let count = state.withLock { $0.counts[piece] }
        guard count + Int64(bytes.count) <= length(of: piece) else { return false }
        try Self.write(
            bytes, at: Int64(piece) * pieceBytes + count, to: data, named: paths.data)
        try setCount(count + Int64(bytes.count), of: piece)
        return true
    }

    /// Begins a piece again.
    func restart(_ piece: Int) throws(BasicsError) { try setCount(0, of: piece) }

    private func length(of piece: Int) -> Int64 {
        min(pieceBytes, size - Int64(piece) * pieceBytes)
    }

    private func setCount(_ count: Int64, of piece: Int) throws(BasicsError) {
        let result = withUnsafeBytes(of: count.littleEndian) { bytes in
            Result { () throws(BasicsError) in
                try Self.write(
                    bytes, at: Int64(Self.headerBytes + 8 * piece), to: journal,
                    named: paths.journal)
            }
        }
        try result.get()
        state.withLock { state in
            state.received += count - state.counts[piece]
            state.counts[piece] = count
        }
    }
}

extension UnfinishedFile {
    private static func header(size: Int64, pieceBytes: Int64) -> String {
        "billion-journal 1 \(size) \(pieceBytes)\n"
    }

    /// What a journal says has come; nil for one of another file, a damaged one, or none.
    private static func counts(
        _ paths: Paths, size: Int64, pieceBytes: Int64, pieces: Int
    ) -> [Int64]? {
        let header = Array(header(size: size, pieceBytes: pieceBytes).utf8)
        guard let bytes = try? FileSystem.read(paths.journal),
            bytes.count == headerBytes + 8 * pieces, bytes.starts(with: header),
            let present = try? FileSystem.size(of: paths.data)
        else { return nil }
        return (0..<pieces).map { piece in
            let place = headerBytes + 8 * piece
            let word = bytes[place..<place + 8].reversed().reduce(UInt64(0)) {
                $0 << 8 | UInt64($1)
            }
            let start = Int64(piece) * pieceBytes
            guard let count = Int64(exactly: word), count <= min(pieceBytes, size - start),
                start + count <= present
            else { return 0 }
            return count
        }
    }

    private static func failure(_ path: String, _ attempt: String) -> BasicsError {
        .system(place: path, attempt: attempt, code: errno)
    }

    private static func write(
        _ bytes: UnsafeRawBufferPointer, at place: Int64, to descriptor: Int32, named: String
    ) throws(BasicsError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done,
                off_t(place) + off_t(done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(named, "write") }
            done += count
        }
    }
}
