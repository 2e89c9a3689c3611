import Tensors

/// What becomes of each tensor when a checkpoint is rewritten in another format.
///
/// The rules of `llama-quantize` without an importance matrix:
/// - vectors, norms, biases and a few small tables are not quantized (vectors and norms become F32);
/// - the output matrix, or the token embedding where it serves as output, keeps more precision than
///   a four- or five-bit target: Q6_K;
/// - rows that are not made of whole blocks take the next finer format that fits, F16 at last.
package struct RequantizationPlan: Sendable {
    /// One tensor of the new file.
    package struct Step: Sendable {
        package let input: GGUFTensor
        package let output: GGUFWriter.Tensor
        /// Nil when the bytes are copied.
        package let conversion: Conversion?
    }

    package struct Conversion: Sendable {
        package let from: any QuantizationFormat.Type
        package let to: any QuantizationFormat.Type
    }

    package let target: any QuantizationFormat.Type
    package let steps: [Step]

    /// Bytes of the new file's tensors.
    package var tensorBytes: Int { steps.reduce(0) { $0 + $1.output.byteCount } }

    /// Whether the new file's tensors would be the old ones, so that there is nothing to do.
    package var changesNothing: Bool { steps.allSatisfy { $0.conversion == nil } }

    package init(_ file: GGUFFile, target: any QuantizationFormat.Type) throws(CheckpointError) {
        self.target = target
        let isTied = !file.contains("output.weight")
        var steps: [Step] = []
        for tensor in file.tensors {
            let wanted = Self.format(for: tensor, target: target, isTied: isTied)
            steps.append(try Self.step(tensor, of: file, to: wanted))
        }
        self.steps = steps
    }

    private static func step(
        _ tensor: GGUFTensor, of file: GGUFFile, to wanted: (any QuantizationFormat.Type)?
    ) throws(CheckpointError) -> Step {
        guard let wanted, wanted.ggmlType != tensor.type.id,
            let type = GGMLType.withID(wanted.ggmlType)
        else { return Step(input: tensor, output: same(tensor, tensor.type), conversion: nil) }
        let from = try file.format(of: tensor)
        return Step(
            input: tensor, output: same(tensor, type),
            conversion: Conversion(from: from, to: wanted))
    }

    private static func same(_ tensor: GGUFTensor, _ type: GGMLType) -> GGUFWriter.Tensor {
        GGUFWriter.Tensor(name: tensor.name, dimensions: tensor.dimensions, type: type)
    }

    /// The format a tensor takes, nil when it stays as it is.
    private static func format(
        for tensor: GGUFTensor, target: any QuantizationFormat.Type, isTied: Bool
    ) -> (any QuantizationFormat.Type)? {
        let name = tensor.name
        if tensor.rank < 2 || name.contains("_norm.weight") {
            // Small, and read as F32 by every architecture. Other vectors (integers) are copied.
            return tensor.type.isFloat ? F32.self : nil
        }
        guard name.hasSuffix("weight"), !unquantized.contains(where: name.contains) else {
            return nil
        }
        guard target.isBlockFormat else { return target }
        var format = target
        let isOutput = name == "output.weight" || (isTied && name == "token_embd.weight")
        if isOutput && target.ggmlType != Q8_0.ggmlType {
            format = tensor.columns % target.blockElements == 0 ? Q6_K.self : Q8_0.self
        }
        if tensor.columns % format.blockElements != 0 && format.blockElements == 256 {
            format = Q8_0.self
        }
        return tensor.columns % format.blockElements == 0 ? format : F16.self
    }

    /// Parts of the names of matrices that llama-quantize leaves alone: routers, convolutions, positions.
    private static let unquantized = [
        "ffn_gate_inp.weight", "altup", "laurel", "per_layer_model_proj", "ssm_conv1d",
        "shortconv.conv.weight", "position_embd", "token_types", "attn_rel_b.weight", "time_mix_",
    ]
}

extension GGMLType {
    /// Floating-point numbers one by one, without blocks.
    fileprivate var isFloat: Bool {
        id == F32.ggmlType || id == F16.ggmlType || id == BF16.ggmlType
    }
}
