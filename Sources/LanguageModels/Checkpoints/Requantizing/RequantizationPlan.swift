import Basics
import Tensors

/// What becomes of each tensor when a checkpoint is rewritten in another format.
///
/// The rules of `llama-quantize` without an importance matrix:
/// - vectors, norms, biases and a few small tables are not quantized (vectors and norms become F32);
/// - the output matrix, or the token embedding where it serves as output, keeps more precision than
///   a four- or five-bit target: Q6_K;
/// - a mix gives some layers' matrices more bits (`QuantizationTarget`);
/// - rows that are not made of whole blocks take the next finer format that fits, F16 at last.
package struct RequantizationPlan: Sendable {
    /// One tensor of the new file.
    package struct Step: Sendable {
        package let input: CheckpointTensor
        package let output: GGUFWriter.Tensor
        /// Nil when the bytes are copied.
        package let conversion: Conversion?
    }

    package struct Conversion: Sendable {
        package let from: any QuantizationFormat.Type
        package let to: any WritableQuantizationFormat.Type
    }

    package let target: QuantizationTarget
    package let steps: [Step]

    /// Bytes of the new file's tensors.
    package var tensorBytes: Int { steps.reduce(0) { $0 + $1.output.byteCount } }

    /// Whether the new file's tensors would be the old ones, so that there is nothing to do.
    package var changesNothing: Bool { steps.allSatisfy { $0.conversion == nil } }

    /// - Parameter isChanged: whether the values of the tensor of this name will be other ones.
    package init(
        _ checkpoint: any Checkpoint, target: QuantizationTarget,
        isChanged: (String) -> Bool = { _ in false }
    ) throws(CheckpointError) {
        self.target = target
        let tensors = checkpoint.tensorsForGGUF()
        let isTied = !tensors.contains("output.weight")
        let layers = LayerMatrices(
            tensors.lazy.filter { Self.isQuantizable($0.name, $0.dimensions) }.map(\.name),
            blockCount: checkpoint.summary.blockCount)
        var steps: [Step] = []
        for tensor in tensors {
            let wanted = Self.format(for: tensor, target: target, isTied: isTied, in: layers)
            steps.append(
                try Self.step(tensor, to: wanted, isChanged: isChanged(tensor.name)))
        }
        self.steps = steps
    }

    private static func step(
        _ tensor: CheckpointTensor, to wanted: QuantizationTarget.Format?, isChanged: Bool
    ) throws(CheckpointError) -> Step {
        guard let wanted, isChanged || wanted.ggmlType != tensor.type.id,
            let type = GGMLType.withID(wanted.ggmlType)
        else { return Step(input: tensor, output: same(tensor, tensor.type), conversion: nil) }
        let from = try tensor.format()
        return Step(
            input: tensor, output: same(tensor, type),
            conversion: Conversion(from: from, to: wanted))
    }

    private static func same(_ tensor: CheckpointTensor, _ type: GGMLType) -> GGUFWriter.Tensor {
        GGUFWriter.Tensor(name: tensor.name, dimensions: tensor.dimensions, type: type)
    }

    /// The formats that the tensors of a new model take, f32 where `target` leaves them alone.
    ///
    /// - Parameter shapes: names and dimensions, innermost first.
    static func formats(
        of shapes: [(name: String, dimensions: [Int])], target: QuantizationTarget, isTied: Bool,
        blockCount: Int
    ) -> [QuantizationTarget.Format] {
        let layers = LayerMatrices(
            shapes.filter { isQuantizable($0.name, $0.dimensions) }.map(\.name),
            blockCount: blockCount)
        return shapes.map { name, dimensions in
            matrixFormat(for: name, dimensions, target: target, isTied: isTied, in: layers)
                ?? F32.self
        }
    }

    /// The format a tensor takes, nil when it stays as it is.
    private static func format(
        for tensor: CheckpointTensor, target: QuantizationTarget, isTied: Bool,
        in layers: LayerMatrices
    ) -> QuantizationTarget.Format? {
        if isVector(tensor.name, tensor.dimensions) {
            // Small, and read as F32 by every architecture. Other vectors (integers) are copied.
            return tensor.type.isFloat ? F32.self : nil
        }
        return matrixFormat(
            for: tensor.name, tensor.dimensions, target: target, isTied: isTied, in: layers)
    }

    private static func matrixFormat(
        for name: String, _ dimensions: [Int], target: QuantizationTarget, isTied: Bool,
        in layers: LayerMatrices
    ) -> QuantizationTarget.Format? {
        guard isQuantizable(name, dimensions) else { return nil }
        guard target.format.isBlockFormat else { return target.format }
        let columns = dimensions[0]
        let isOutput = name == "output.weight" || (isTied && name == "token_embd.weight")
        if isOutput && target.format.ggmlType != Q8_0.ggmlType {
            let fits = columns % target.format.blockElements == 0
            return fitting(fits ? Q6_K.self : Q8_0.self, columns: columns)
        }
        return fitting(target.format(of: name, in: layers), columns: columns)
    }

    private static func isVector(_ name: String, _ dimensions: [Int]) -> Bool {
        CheckpointTensor.rank(dimensions) < 2 || name.containsBytes("_norm.weight")
    }

    private static func isQuantizable(_ name: String, _ dimensions: [Int]) -> Bool {
        !isVector(name, dimensions) && name.hasSuffix("weight")
            && !unquantized.contains(where: name.containsBytes)
    }

    /// The format itself, or the one that takes its place for rows that it does not divide.
    private static func fitting(_ format: QuantizationTarget.Format, columns: Int)
        -> QuantizationTarget.Format
    {
        let formats: [QuantizationTarget.Format] = [format, substitute(for: format), F16.self]
        return formats.first { columns % $0.blockElements == 0 } ?? F16.self
    }

    private static func substitute(for format: QuantizationTarget.Format)
        -> QuantizationTarget.Format
    {
        switch format.ggmlType {
        case Q4_K.ggmlType: Q5_0.self
        case Q5_K.ggmlType: Q5_1.self
        case Q6_K.ggmlType: Q8_0.self
        default: format
        }
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
