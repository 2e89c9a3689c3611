#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Memory for packed weights, in large pieces that the system can back with huge pages.
///
/// A matrix holds on to the piece it lies in; a piece is freed with its last matrix. What is not
/// written takes no memory, but the last huge page of a piece counts as a whole, so pieces are many
/// times larger than most matrices.
struct PackedMemory {
    /// A block of memory of its own.
    final class Piece {
        let start: UnsafeMutableRawPointer
        let count: Int

        /// Throws `TensorError` when the system has no such block.
        init(count: Int) throws {
            var memory: UnsafeMutableRawPointer?
            guard posix_memalign(&memory, PackedMemory.hugePage, count) == 0, let memory else {
                throw TensorError(
                    "\(count) bytes for packed weights are not to be had. Close other programs, "
                        + "take a smaller model or quantization, or compute: f32, which uses the "
                        + "weights where they are mapped.")
            }
            start = memory
            self.count = count
            #if os(Linux)
                madvise(start, count, MADV_HUGEPAGE)
            #endif
        }

        deinit { free(start) }
    }

    private static let hugePage = 2 << 20
    private static let pieceBytes = 256 << 20
    private var piece: Piece?
    private var used = 0

    /// `count` bytes, aligned to a cache line, and what keeps them alive.
    mutating func allocate(_ count: Int) throws -> (start: UnsafeMutableRawPointer, owner: Piece) {
        let size = (count + 63) / 64 * 64
        if let piece, piece.count - used >= size {
            defer { used += size }
            return (piece.start + used, piece)
        }
        let rounded = (size + Self.hugePage - 1) / Self.hugePage * Self.hugePage
        let piece = try Piece(count: max(Self.pieceBytes, rounded))
        self.piece = piece
        used = size
        return (piece.start, piece)
    }
}

/// Something that the machine cannot give to a computation.
package struct TensorError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
