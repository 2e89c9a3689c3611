import LanguageModels
import Tensors

/// What a pass says of its targets.
package struct PassLoss: Sendable {
    /// The sum of the targets' losses, in nats.
    package var sum = 0.0
    /// Targets that were the most probable token.
    package var hits = 0
    package var targets = 0

    package static func + (one: PassLoss, other: PassLoss) -> PassLoss {
        PassLoss(
            sum: one.sum + other.sum, hits: one.hits + other.hits,
            targets: one.targets + other.targets)
    }
}

/// A model with frozen weights, and adapters that can be trained.
///
/// A pass keeps every layer's input, and of as many of the upper layers as memory allows the
/// results of their products too; the other layers compute theirs once more in the backward. The
/// logits exist for some rows at a time.
final class TrainableModel {
    let shape: TransformerShape
    let backend: CPUBackend
    let rotary: RotaryEmbedding
    let layers: [TrainableLayer]
    private let embedding: CPUMatrix
    private let head: CPUMatrix
    private let outputNorm: TrainableNorm
    private(set) var adapters: [TrainableAdapter] = []
    private var memory: Memory?

    private struct Memory {
        let workspace: TrainingWorkspace
        /// Of every layer and of the final norm: [T, D].
        let inputs: [CPUBuffer]
        /// For the tapes of a pass.
        let arena: BufferArena
        let arenaBytes: Int
    }

    /// - Parameter isRounded: products with the frozen weights are bf16.
    init(checkpoint: any Checkpoint, backend: CPUBackend, isRounded: Bool = false) throws {
        guard !isRounded || CPUBackend.hasRoundedProducts else {
            throw TrainingError(
                "bf16: wanted a processor with bf16 dot products (AVX-512 BF16 or AMX), found the "
                    + "kernels '\(KernelVariant.current)'. Leave bf16 out for f32 products.")
        }
        let weights = try FrozenWeights(
            checkpoint: checkpoint, backend: backend, isRounded: isRounded)
        let name = weights.configuration.architecture
        guard let architecture = TrainableArchitectures.all.first(where: { $0.name == name }) else {
            throw TrainingError(
                "\(checkpoint.path): architecture '\(name)' cannot be trained. Wanted one of "
                    + TrainableArchitectures.all.map { $0.name }.joined(separator: ", ") + ".")
        }
        shape = weights.configuration.shape
        self.backend = backend
        rotary = try weights.rotary()
        embedding = try weights.matrix(
            "token_embd.weight", rows: shape.vocabulary, columns: shape.width)
        layers = try (0..<shape.layers).map { try architecture.layer($0, from: weights) }
        outputNorm = try weights.norm("output_norm")
        head =
            weights.has("output.weight")
            ? try weights.matrix("output.weight", rows: shape.vocabulary, columns: shape.width)
            : embedding
    }

    var linears: [AdaptedLinear] { layers.flatMap(\.linears) }
    var parameters: [TrainableMatrix] { adapters.flatMap { [$0.a, $0.b] } }

    // MARK: Adapters

    /// Puts an adapter's modules beside the layers that they belong to.
    func attach(_ adapter: LoRAAdapter) throws {
        let configuration = adapter.configuration
        let byPath = Dictionary(uniqueKeysWithValues: linears.map { ($0.path, $0) })
        for (index, module) in adapter.modules.enumerated() {
            guard let linear = byPath[module.path] else {
                throw TrainingError("the adapter's module '\(module.path)' is not in the model.")
            }
            guard linear.inputs == module.inputs, linear.outputs == module.outputs else {
                throw TrainingError(
                    "the adapter's module '\(module.path)' is for [\(module.outputs), "
                        + "\(module.inputs)], the model has [\(linear.outputs), "
                        + "\(linear.inputs)].")
            }
            linear.adapter = TrainableAdapter(
                a: TrainableMatrix(
                    module.path + ".lora_A", rows: configuration.rank, width: module.inputs,
                    values: module.a),
                b: TrainableMatrix(
                    module.path + ".lora_B", rows: module.outputs, width: configuration.rank,
                    values: linear.place.inModelOrder(module.b)),
                scale: configuration.scaling, dropout: configuration.dropout, index: index)
        }
        adapters = linears.compactMap(\.adapter)
        memory = nil
    }

    /// The adapter as it is now, or another buffer of its matrices in its form.
    func adapter(
        _ configuration: LoRAConfiguration, _ buffer: (TrainableMatrix) -> CPUBuffer
    ) -> LoRAAdapter {
        LoRAAdapter(
            configuration: configuration,
            modules: linears.compactMap { linear in
                linear.adapter.map { adapter in
                    LoRAModule(
                        path: linear.path, inputs: linear.inputs, outputs: linear.outputs,
                        a: buffer(adapter.a).values,
                        b: linear.place.inFileOrder(buffer(adapter.b).values))
                }
            })
    }

    // MARK: Passes

    /// Allocates for passes of at most `rows` rows and examples of at most `positions`.
    ///
    /// - Parameter tapeBytes: how much the layers may keep for the backward, if that is enough for
    ///   one of them.
    func reserve(rows: Int, positions: Int, tapeBytes: Int) {
        let perLayer = layers.map { LayerTape.byteCount($0, rows: rows) }
        let arenaBytes = min(max(tapeBytes, perLayer.max() ?? 0), perLayer.reduce(0, +))
        memory = Memory(
            workspace: TrainingWorkspace(
                model: self, rows: rows, positions: positions,
                rank: adapters.map(\.rank).max() ?? 0,
                hasDropout: adapters.contains { $0.dropout > 0 }),
            inputs: (0...layers.count).map { _ in CPUBuffer(rows: rows, width: shape.width) },
            arena: BufferArena(byteCount: arenaBytes), arenaBytes: arenaBytes)
    }

    /// The tapes of a pass, one a layer: the lower layers share memory where not all have room, and
    /// keep nothing.
    private func tapes(rows: Int, _ memory: Memory) -> (tapes: [LayerTape], firstKept: Int) {
        let sizes = layers.map { LayerTape.byteCount($0, rows: rows) }
        let shared = sizes.max() ?? 0
        var firstKept = layers.count
        var used = 0
        while firstKept > 0 {
            let others = firstKept == 1 ? 0 : shared
            guard used + sizes[firstKept - 1] + others <= memory.arenaBytes else { break }
            firstKept -= 1
            used += sizes[firstKept]
        }
        memory.arena.removeAll()
        let kept = layers[firstKept...].map { LayerTape($0, rows: rows, in: memory.arena) }
        let lower = layers[..<firstKept].map { layer in
            let mark = memory.arena.mark
            defer { memory.arena.removeAll(behind: mark) }
            return LayerTape(layer, rows: rows, in: memory.arena)
        }
        return (lower + kept, firstKept)
    }

    /// Losses of a pass; with `gradientScale`, adds that times the gradients of their sum to those
    /// of the adapters.
    func run(_ pass: TrainingPass, gradientScale: Float?) throws -> PassLoss {
        guard let memory, pass.rowCount <= memory.workspace.rows else {
            preconditionFailure("memory is reserved for the largest pass")
        }
        let run = TrainingRun(backend: backend, workspace: memory.workspace, pass: pass)
        let (tapes, firstKept) = tapes(rows: pass.rowCount, memory)
        backend.embed(pass.tokens, from: embedding, into: memory.inputs[0])
        for (index, layer) in layers.enumerated() {
            layer.forward(
                memory.inputs[index], into: memory.inputs[index + 1], tapes[index], run)
        }
        let loss = loss(of: memory.inputs[layers.count], gradientScale: gradientScale, run)
        guard loss.sum.isFinite else { throw notFinite(memory, pass) }
        guard gradientScale != nil, let lowest = layers.firstIndex(where: \.isAdapted) else {
            return loss
        }
        for index in stride(from: layers.count - 1, through: lowest, by: -1) {
            let (input, tape) = (memory.inputs[index], tapes[index])
            if index < firstKept { layers[index].forward(input, into: nil, tape, run) }
            layers[index].backward(
                input, memory.workspace.stream, isLowest: index == lowest, tape, run)
        }
        return loss
    }

    /// The loss, and in `workspace.stream` its gradient at the last layer's result.
    private func loss(
        of x: CPUBuffer, gradientScale: Float?, _ run: TrainingRun
    ) -> PassLoss {
        let (work, pass) = (run.workspace, run.pass)
        outputNorm.forward(x, into: work.normalized, run)
        if gradientScale != nil {
            work.dnormalized.fill(0)
            work.stream.fill(0)
        }
        var loss = PassLoss()
        for first in stride(from: 0, to: pass.targetRows.count, by: work.logits.rows) {
            let piece = first..<min(first + work.logits.rows, pass.targetRows.count)
            backend.gather(pass.targetRows[piece], of: work.normalized, into: work.hidden)
            backend.product(head, work.hidden.all, into: work.logits.all, rows: piece.count)
            let losses = backend.crossEntropy(
                work.logits, targets: pass.targets[piece], scale: gradientScale ?? 0)
            for token in losses {
                loss.sum += Double(token.value)
                loss.hits += token.isHit ? 1 : 0
            }
            loss.targets += losses.count
            guard gradientScale != nil else { continue }
            backend.productGradient(
                head, work.logits.all, into: work.dhidden.all, rows: piece.count,
                accumulating: false)
            backend.scatter(work.dhidden, into: pass.targetRows[piece], of: work.dnormalized)
        }
        if gradientScale != nil {
            outputNorm.backward(x, work.dnormalized, addingTo: work.stream, run)
        }
        return loss
    }

    /// Names the first result of a layer that is not a number.
    private func notFinite(_ memory: Memory, _ pass: TrainingPass) -> TrainingError {
        let names = ["the embedding"] + layers.indices.map { "layer \($0)" }
        let first = memory.inputs.firstIndex { !$0.isFinite(rows: pass.rowCount) }
        return TrainingError(
            "the loss is not a finite number; the first tensor that is not finite is "
                + (first.map { "the result of \(names[$0])" } ?? "the logits") + ".")
    }
}

/// Training that cannot be done or go on, in one sentence.
package struct TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
