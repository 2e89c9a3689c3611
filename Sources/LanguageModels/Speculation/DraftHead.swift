import Tensors

/// The output layer of a draft in two steps: coarse weights tell the likely tokens from the others,
/// and the model's own weights give the logits of the likely ones.
///
/// A small draft spends a third of its time on reading this layer, and at most places a few tokens
/// matter. What is proposed hardly changes, and what comes out not at all: the target decides.
final class DraftHead {
    private let model: LanguageModel
    private let coarse: any DeviceMatrix
    private let hidden: any DeviceBuffer
    private let rough: any DeviceBuffer
    private let exact: any DeviceBuffer
    private var logits: [Float]

    /// How far below the largest rough logit a token can be that is looked at again: several times
    /// what four bits a weight are off by.
    private static let spread: Float = 2
    /// Tokens that are looked at again.
    private static let limit = 32
    /// The least share of the model's weights for which two steps pay off.
    private static let leastShare = 0.125

    /// Nil where one step is as good: a layer of few bits, or of a small part of the model, or exact
    /// products.
    init?(_ model: LanguageModel) throws {
        guard let coarse = try model.coarseHead(leastShare: Self.leastShare) else { return nil }
        self.model = model
        self.coarse = coarse
        let shape = model.shape
        hidden = model.backend.makeBuffer(rows: 1, width: shape.width)
        rough = model.backend.makeBuffer(rows: 1, width: shape.vocabulary)
        exact = model.backend.makeBuffer(rows: 1, width: Self.limit)
        logits = Array(repeating: 0, count: shape.vocabulary)
    }

    /// The logits [V] of a row of final hidden states: those of the likely tokens as the model gives
    /// them, the others near.
    func withLogits<Value>(
        of row: Int, in states: any DeviceBuffer, _ body: (UnsafeBufferPointer<Float>) -> Value
    ) -> Value {
        let backend = model.backend
        backend.copyRow(row, of: states, to: 0, of: hidden)
        backend.multiply(coarse, hidden, into: rough, rows: 1)
        let likely = backend.withRow(0, of: rough) { rough in
            logits.withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: rough) }
            return Self.likely(rough)
        }
        backend.multiply(model.architecture.head, chosen: likely, hidden, into: exact, rows: 1)
        backend.withRow(0, of: exact) { exact in
            for (place, token) in likely.enumerated() { logits[token] = exact[place] }
        }
        return logits.withUnsafeBufferPointer(body)
    }

    private static func likely(_ rough: UnsafeBufferPointer<Float>) -> [Int] {
        let best = Extremes.largest(rough).index
        var spread = spread
        while spread > 0.01 {
            if let found = Extremes.indices(
                of: rough, atLeast: rough[best] - spread, limit: limit), !found.isEmpty
            {
                return found
            }
            spread /= 2
        }
        return [best]
    }
}
