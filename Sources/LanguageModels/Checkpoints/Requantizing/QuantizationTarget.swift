import Tensors

/// What a checkpoint can be rewritten to: a format, or a mix that gives some matrices more bits.
///
/// The mixes are those of `llama-quantize` for models without experts, by the same names.
package struct QuantizationTarget: Sendable {
    package typealias Format = any WritableQuantizationFormat.Type

    /// The name in manifests and reports: `q4_k_m`.
    package let name: String
    /// The number of the file's overall type, `general.file_type`.
    package let ggufFileType: UInt32
    /// What matrices without a rule of their own are stored in.
    package let format: Format
    private let attentionValues: Exception?
    private let feedForwardDown: Exception?

    /// Layers whose matrix of one kind takes another format.
    private struct Exception: Sendable {
        let format: Format
        /// - Parameters:
        ///   - index: counts the matrices of the kind from the first layer on.
        ///   - count: how many of them there are.
        let applies: @Sendable (_ index: Int, _ count: Int) -> Bool
    }

    /// Every matrix in one format, but for the output and for rows that do not fit.
    package init(_ format: Format) {
        self.init(format.name, format, fileType: format.ggufFileType)
    }

    private init(
        _ name: String, _ format: Format, fileType: UInt32, attentionValues: Exception? = nil,
        feedForwardDown: Exception? = nil
    ) {
        self.name = name
        self.ggufFileType = fileType
        self.format = format
        self.attentionValues = attentionValues
        self.feedForwardDown = feedForwardDown
    }

    // MARK: - The targets there are

    package static let all: [QuantizationTarget] =
        (QuantizationRegistry.writable.map(QuantizationTarget.init) + [
            QuantizationTarget(
                "q4_k_s", Q4_K.self, fileType: 14,
                attentionValues: Exception(format: Q5_K.self) { index, _ in index < 4 },
                feedForwardDown: Exception(format: Q5_K.self) { $0 < $1 / 8 }),
            QuantizationTarget(
                "q4_k_m", Q4_K.self, fileType: 15, attentionValues: moreBits,
                feedForwardDown: moreBits),
            QuantizationTarget(
                "q5_k_m", Q5_K.self, fileType: 17, attentionValues: moreBits,
                feedForwardDown: moreBits),
        ]).sorted { $0.name < $1.name }

    package static var names: [String] { all.map(\.name) }

    /// The target a manifest or a command names.
    ///
    /// Throws with the nearest names, or says that the format can only be read.
    package static func named(_ name: String) throws(QuantizationError) -> QuantizationTarget {
        if let target = all.first(where: { $0.name == name }) { return target }
        throw QuantizationError.noTarget(named: name, available: names)
    }

    /// The first and last eighth of the layers, and every third between them.
    private static let moreBits = Exception(format: Q6_K.self) { index, count in
        index < count / 8 || index >= 7 * count / 8 || (index - count / 8) % 3 == 2
    }

    // MARK: - The rule

    /// The format of a matrix of the layers, whatever its width.
    func format(of tensor: String, in layers: LayerMatrices) -> Format {
        if let index = layers.attentionValues[tensor] {
            return choose(attentionValues, index, of: layers.attentionValues.count)
        }
        if let index = layers.feedForwardDown[tensor] {
            return choose(feedForwardDown, index, of: layers.blockCount)
        }
        return format
    }

    private func choose(_ exception: Exception?, _ index: Int, of count: Int) -> Format {
        guard let exception, exception.applies(index, count) else { return format }
        return exception.format
    }
}

/// The matrices that the mixes treat by their place, counted as `llama-quantize` counts them.
struct LayerMatrices {
    /// Place of each among its kind, by name.
    let attentionValues: [String: Int]
    let feedForwardDown: [String: Int]
    let blockCount: Int

    /// - Parameter names: of the tensors that may be quantized.
    init(_ names: [String], blockCount: Int?) {
        let ordered = names.map { (Self.layer(of: $0), $0) }.sorted { $0 < $1 }.map(\.1)
        attentionValues = Self.places(
            // Fused matrices count among the values that they contain.
            ordered.filter { name in
                ["attn_v.weight", "attn_qkv.weight", "attn_kv_b.weight"].contains {
                    name.hasSuffix($0)
                }
            })
        feedForwardDown = Self.places(ordered.filter { $0.contains(".ffn_down") })
        // What a file claims is not to be computed with unseen.
        self.blockCount = min(max(blockCount ?? feedForwardDown.count, 0), names.count)
    }

    private static func places(_ names: [String]) -> [String: Int] {
        Dictionary(zip(names, names.indices)) { first, _ in first }
    }

    /// The number in `blk.7.attn_v.weight`; -1 for tensors outside the layers.
    private static func layer(of name: String) -> Int {
        let parts = name.split(separator: ".", maxSplits: 2)
        return parts.count > 2 && parts[0] == "blk" ? Int(parts[1]) ?? -1 : -1
    }
}
