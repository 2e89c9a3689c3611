import Basics

/// A way of storing weights: blocks of elements that share scales.
///
/// Each format is a type of its own and has no values. A new format is one file that conforms and one
/// line in `QuantizationRegistry`; the law tests walk the registry, so it is under test at once.
package protocol QuantizationFormat: Sendable {
    /// The name in manifests and reports: `q8_0`.
    static var name: String { get }
    /// The number of the tensor type in GGUF files.
    static var ggmlType: UInt32 { get }
    static var blockElements: Int { get }
    static var blockBytes: Int { get }

    /// Reads `count` elements, a multiple of `blockElements`. Any alignment of `source` will do.
    static func dequantize(
        _ source: UnsafeRawPointer, count: Int, into destination: UnsafeMutablePointer<Float>)
}

/// A format that numbers can also be quantized to.
package protocol WritableQuantizationFormat: QuantizationFormat {
    /// The number of the file's overall type, `general.file_type`.
    static var ggufFileType: UInt32 { get }
    /// Largest relative root-mean-square error of a round trip of normally distributed weights.
    static var errorBound: Float { get }
    /// The largest magnitude that quantizes to finite numbers: the 16-bit scales end at 65504.
    static var largestMagnitude: Float { get }

    /// Writes `count` finite elements, a multiple of `blockElements`. Arithmetic is f32, as in ggml's
    /// reference quantizers, and so are the resulting bytes.
    static func quantize(
        _ source: UnsafePointer<Float>, count: Int, into destination: UnsafeMutableRawPointer)
}

extension QuantizationFormat {
    /// Bytes of `count` elements, `count` being a multiple of `blockElements`.
    package static func byteCount(elements count: Int) -> Int { count / blockElements * blockBytes }

    /// The stored size of one weight, scales included.
    package static var bitsPerWeight: Double { Double(8 * blockBytes) / Double(blockElements) }

    /// Whether scales are shared, so that numbers change when they are stored.
    package static var isBlockFormat: Bool { blockElements > 1 }
}

/// A format that is not known or not supported.
package struct QuantizationError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }

    /// Nothing can be quantized to `name`: it is unknown, or a type that is at best read.
    package static func noTarget(named name: String, available: [String]) -> QuantizationError {
        let list = "Available: \(available.sorted().joined(separator: ", "))."
        if QuantizationRegistry.names.contains(name) {
            return QuantizationError(
                description: "quantization '\(name)' can be read but not written. \(list)")
        }
        if GGMLType.all.contains(where: { $0.name == name }) {
            return QuantizationError(
                description: "quantization '\(name)' is not supported yet. \(list)")
        }
        let hint = Suggestion.sentence(for: name, among: available)
        return QuantizationError(description: "unknown quantization '\(name)'.\(hint)")
    }
}
