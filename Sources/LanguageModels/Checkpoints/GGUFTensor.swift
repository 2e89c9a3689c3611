import Tensors

/// One tensor of a GGUF file: what it is and where its bytes lie.
package struct GGUFTensor: Hashable, Sendable {
    package let name: String
    /// Innermost first, as in the file: `[columns, rows]` of a matrix stored row by row.
    package let dimensions: [Int]
    package let type: GGMLType
    /// The bytes in the file, counted from its start.
    package let byteRange: Range<Int>

    package var elementCount: Int { dimensions.reduce(1, *) }

    /// Elements of a row, the contiguous run that blocks must not cross.
    package var columns: Int { dimensions.first ?? 1 }
    package var rows: Int { elementCount / columns }
    package var bytesPerRow: Int { type.byteCount(elements: columns) }

    /// Dimensions that are not merely a trailing 1.
    package var rank: Int { (dimensions.lastIndex { $0 != 1 } ?? 0) + 1 }

    /// The shape as messages write it, `[576, 192]`, innermost first.
    package var shape: String { Self.shape(dimensions) }

    static func shape(_ dimensions: [Int]) -> String {
        "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
    }
}
