import Tensors

/// What a model of some shape takes in some format: a pure function of the two, so that it can be
/// asked before anything is downloaded.
package struct ModelFootprint: Hashable, Sendable {
    package let shape: TransformerShape
    /// Weights of all tensors, each counted once.
    package let parameters: Int
    /// Bytes of all tensors as they are stored.
    package let storedBytes: Int
    /// Bytes of matrices that `compute: auto` repacks, in their packed form.
    let packedBytes: Int
    /// Stored bytes of tensors that are used as they are in either mode.
    let mappedBytes: Int
    /// Stored bytes of an embedding that is packed, as the output matrix too, and whose rows are
    /// still looked up where they are stored.
    let lookedUpBytes: Int
    /// Weights that every token is multiplied with, the output matrix aside.
    package let layerWeights: Int
    /// Stored bytes that one decoding step reads.
    package let stepBytes: Int

    /// - Parameters:
    ///   - architecture: GGUF's name of the family.
    ///   - isTied: whether the output matrix is the embedding.
    ///
    /// nil for a family that this program does not know.
    package init?(
        architecture: String, shape: TransformerShape, isTied: Bool, target: QuantizationTarget
    ) {
        guard let type = ArchitectureRegistry.architecture(named: architecture) else { return nil }
        let tensors = type.conventions.tensorShapes(of: shape, isTied: isTied)
        let formats = RequantizationPlan.formats(
            of: tensors, target: target, isTied: isTied, blockCount: shape.layers)
        var (parameters, stored, packed, mapped, embedding) = (0, 0, 0, 0, 0)
        var layerWeights = 0
        for ((name, dimensions), format) in zip(tensors, formats) {
            let count = dimensions.reduce(1, *)
            let bytes = format.byteCount(elements: count)
            parameters += count
            stored += bytes
            if name == "token_embd.weight" { embedding = bytes }
            if dimensions.count == 2, name.hasPrefix("blk.") { layerWeights += count }
            if dimensions.count == 2, isTied || name != "token_embd.weight",
                let own = CPUBackend.packedBytes(
                    format, rows: dimensions[1], columns: dimensions[0])
            {
                packed += own
            } else {
                mapped += bytes
            }
        }
        self.shape = shape
        self.parameters = parameters
        storedBytes = stored
        packedBytes = packed
        mappedBytes = mapped
        lookedUpBytes = isTied ? embedding : 0
        self.layerWeights = layerWeights
        stepBytes = isTied ? stored : stored - embedding
    }

    /// Memory that a job takes at its peak.
    package struct Memory: Hashable, Sendable {
        package let weights: Int
        /// Keys and values.
        package let cache: Int
        /// Activations, tables, tokenizer, and the program itself.
        package let workspace: Int

        package var total: Int { weights + cache + workspace }

        /// What two models take that are open at a time, and what is held beside them.
        package func adding(_ other: Memory? = nil, workspace more: Int = 0) -> Memory {
            Memory(
                weights: weights + (other?.weights ?? 0), cache: cache + (other?.cache ?? 0),
                workspace: workspace + (other?.workspace ?? 0) + more)
        }
    }

    /// - Parameters:
    ///   - positions: what the cache is made for.
    ///   - threads: each has working memory of its own.
    package func memory(positions: Int, computation: Computation, threads: Int) -> Memory {
        // Random weights lie stored first and are let go while they are packed, as pages of a
        // file are; rows of the embedding stay.
        let isPacked = computation.products == .auto && packedBytes > 0
        let weights =
            isPacked
            ? max(storedBytes, packedBytes + packedBytes / Self.packingSlack + mappedBytes)
                + lookedUpBytes : storedBytes
        let cache = CacheShape(
            layers: shape.layers, heads: shape.keyValueHeads, headSize: shape.headSize,
            capacity: positions, format: computation.cacheFormat)
        return Memory(
            weights: weights, cache: (positions + 15) / 16 * 16 * cache.bytesPerToken,
            workspace: workspaceBytes(positions: positions, threads: threads))
    }

    /// What a session has beside the cache (`Workspace`, `DecodingSession`), the copies of
    /// activations that products make, and constants of the program, measured.
    private func workspaceBytes(positions: Int, threads: Int) -> Int {
        let rows = min(DecodingSession.passRows, positions)
        let row =
            3 * shape.width + 2 * shape.queryWidth + 2 * shape.keyWidth + 2 * shape.feedForward
        let copies = 2 * max(shape.width, shape.feedForward, shape.queryWidth)
        let logits = 16 * (shape.vocabulary + shape.width)
        let angles = positions * shape.headSize
        return 4 * (rows * (row + copies) + logits + angles)
            + threads * Self.threadBytes + shape.vocabulary * Self.tokenBytes + Self.programBytes
    }

    /// A 64th: the last huge page of each piece of packed memory, at most 2 of its 256 MiB.
    private static let packingSlack = 64
    /// Scratch of a thread for attention and products.
    private static let threadBytes = 2 << 20
    /// A token's text, its merges and their tables.
    private static let tokenBytes = 192
    /// The program, its libraries and the allocator's slack.
    private static let programBytes = 20 << 20
}
