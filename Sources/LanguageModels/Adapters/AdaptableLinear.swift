/// A linear layer of a model that an adapter can add to.
package struct AdaptableLinear: Hashable, Sendable {
    /// Hugging Face's path: `model.layers.0.self_attn.q_proj`.
    package let path: String
    /// GGUF's name of its matrix: `blk.0.attn_q.weight`.
    package let weight: String
    package let layer: Int
    /// Columns and rows of the matrix.
    package let inputs: Int
    package let outputs: Int
    /// The order in which Hugging Face, and so an adapter's B, has the rows of the model's matrix.
    let rowOrder: RowOrder

    /// Whether a target of an adapter's configuration means this layer, by PEFT's rule: the whole
    /// path, or its end after a dot.
    package func matches(_ target: String) -> Bool {
        path == target || path.hasSuffix("." + target)
    }

    /// Rows of B [outputs, rank] from an adapter's order to that of the model's matrix.
    package func inModelOrder(_ b: [Float]) -> [Float] {
        rows(of: b) { $0 }
    }

    /// Rows of B [outputs, rank] from the order of the model's matrix to an adapter's.
    package func inFileOrder(_ b: [Float]) -> [Float] {
        rows(of: b) { places in
            var inverse = places
            for (row, place) in places.enumerated() { inverse[place] = row }
            return inverse
        }
    }

    /// - Parameter sources: given the adapter's row for every row of the model's matrix, the row
    ///   to take for every row of the result.
    private func rows(of b: [Float], _ sources: ([Int]) -> [Int]) -> [Float] {
        precondition(b.count % outputs == 0, "whole rows")
        guard rowOrder != .asStored else { return b }
        let rank = b.count / outputs
        let places = (0..<outputs).map { rowOrder.storedRow(of: $0, rows: outputs) }
        return sources(places).flatMap { b[$0 * rank..<($0 + 1) * rank] }
    }
}

extension ModelConfiguration {
    /// Every linear layer that an adapter can add to: by layer, in the architecture's order.
    ///
    /// The matrices inside the layers. Embeddings and the output matrix are not among them, as in
    /// PEFT's `all-linear`. Empty for an architecture that is not registered.
    package var adaptableLinears: [AdaptableLinear] {
        guard let conventions else { return [] }
        return (0..<shape.layers).flatMap { layer in
            conventions.layerTensors.compactMap { tensor in
                guard let columns = tensor.columns else { return nil }
                return AdaptableLinear(
                    path: "\(conventions.layerPrefix)\(layer).\(tensor.huggingFace)",
                    weight: "blk.\(layer).\(tensor.gguf).weight", layer: layer,
                    inputs: columns.count(of: shape), outputs: tensor.rows.count(of: shape),
                    rowOrder: rowOrder(of: tensor))
            }
        }
    }

    /// The targets that PEFT takes for this architecture when none are named.
    package var defaultAdapterTargets: [String] { conventions?.adapterTargets ?? [] }

    private var conventions: ArchitectureConventions? {
        ArchitectureRegistry.architecture(named: architecture)?.conventions
    }

    /// The same model once its tensors have GGUF's order of rows.
    var withRowsAsInGGUF: ModelConfiguration {
        var model = self
        if let conventions { model.rotary.pairing = conventions.ggufPairing }
        return model
    }

    private func rowOrder(of tensor: TensorConvention) -> RowOrder {
        // Interleaved pairs are GGUF's: a folder's matrices are used as they are, in halves.
        let isReordered = rotary.pairing == .interleaved
        return switch tensor.gguf {
        case "attn_qkv": .fusedByHead(heads: shape.heads)
        case "attn_q" where isReordered: .halvesByHead(heads: shape.heads)
        case "attn_k" where isReordered: .halvesByHead(heads: shape.keyValueHeads)
        default: .asStored
        }
    }
}
