import Basics
import LanguageModels
import Tensors
import TestSupport
import Testing

/// Sequences computed together against each alone, bit for bit.
@Suite struct SequenceBatchTests {
    static let architectures = ArchitectureRegistry.all.map { $0.name }

    private func model(_ architecture: String, _ computation: Computation) throws -> LanguageModel {
        try LanguageModel(
            path: Fixtures.path("tiny-\(architecture).gguf"),
            backend: CPUBackend(threads: 2, computation: computation))
    }

    private func tokens(_ count: Int, seed: UInt64, _ model: LanguageModel) -> [Int32] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            Int32(generator.next() % UInt64(model.shape.vocabulary))
        }
    }

    /// Logits of the last `outputs` tokens of a sequence alone.
    private func alone(
        _ tokens: [Int32], outputs: Int, _ model: LanguageModel, _ computation: Computation
    ) -> [[Float]] {
        let session = model.makeSession(capacity: tokens.count, computation: computation)
        var rows: [[Float]] = []
        session.append(tokens, outputs: tokens.count - outputs..<tokens.count) {
            rows.append(Array($1))
        }
        return rows
    }

    @Test(
        arguments: architectures,
        [Computation.auto, .f32, Computation(.auto, cacheFormat: .q8_0)])
    func companyChangesNothing(architecture: String, computation: Computation) throws {
        let model = try model(architecture, computation)
        let shared = tokens(150, seed: 1, model)
        let batch = SequenceBatch(
            model: model,
            capacity: SequenceBatch.capacity(prefix: 150, count: 4, length: 500),
            positions: 700, cacheFormat: computation.cacheFormat)
        let beginning = batch.makeSequence()
        batch.append([.init(beginning, shared, outputs: 0)]) { _, _, _ in }

        // One with more than a pass, one short, one from the middle, one of its own.
        let sequences = [
            batch.fork(beginning), batch.fork(beginning), batch.fork(beginning, keeping: 100),
            batch.makeSequence(),
        ]
        let added = [480, 3, 40, 9].enumerated().map {
            tokens($1, seed: UInt64(10 + $0), model)
        }
        var whole = [shared + added[0], shared + added[1], shared.prefix(100) + added[2], added[3]]
        var found = [[[Float]]](repeating: [], count: 4)
        batch.append(zip(sequences, added).map { .init($0, $1, outputs: 2) }) {
            part, index, logits in
            #expect(index >= added[part].count - 2)
            found[part].append(Array(logits))
        }
        for place in 0..<4 {
            #expect(found[place] == alone(whole[place], outputs: 2, model, computation))
            #expect(batch.tokens(of: sequences[place]) == whole[place])
        }
        // Some steps together, in which the short ones cross a page.
        var last = [[Float]](repeating: [], count: 4)
        for step in 0..<6 {
            let next = tokens(4, seed: UInt64(50 + step), model)
            batch.append(sequences.indices.map { .init(sequences[$0], [next[$0]], outputs: 1) }) {
                last[$0] = Array($2)
            }
            for place in 0..<4 { whole[place].append(next[place]) }
        }
        for place in 0..<4 {
            #expect([last[place]] == alone(whole[place], outputs: 1, model, computation))
        }
    }

    @Test func slotsComeBack() throws {
        let model = try model("llama", .f32)
        let batch = SequenceBatch(
            model: model, capacity: SequenceBatch.capacity(prefix: 200, count: 2, length: 130),
            positions: 400, cacheFormat: .f32)
        let beginning = batch.makeSequence()
        let shared = tokens(200, seed: 3, model)
        batch.append([.init(beginning, shared, outputs: 0)]) { _, _, _ in }
        let added = tokens(130, seed: 4, model)
        let wanted = alone(shared + added, outputs: 1, model, .f32)
        for _ in 0..<10 {
            let forks = [batch.fork(beginning), batch.fork(beginning)]
            var found: [[Float]] = []
            batch.append(forks.map { .init($0, added, outputs: 1) }) { found.append(Array($2)) }
            #expect(found == wanted + wanted)
            for fork in forks { batch.remove(fork) }
            batch.truncate(beginning, to: 50)
            batch.append([.init(beginning, Array(shared.dropFirst(50)), outputs: 0)]) { _, _, _ in }
        }
    }

    @Test func perplexityIsItsDefinition() throws {
        let model = try model("llama", .f32)
        let (length, count) = (16, 3)
        let text = tokens(length * count + 5, seed: 8, model)
        let found = Perplexity(
            of: text, contextLength: length, model: model, computation: .f32
        ) { _ in }
        var losses: [Double] = []
        for chunk in 0..<count {
            let scored = Array(text[chunk * length..<(chunk + 1) * length])
            var input = scored
            if let beginning = model.beginningToken { input[0] = beginning }
            let rows = alone(input, outputs: length, model, .f32)
            for index in length / 2..<length - 1 {
                rows[index].withUnsafeBufferPointer {
                    losses.append(-LogSoftmax($0)[Int(scored[index + 1])])
                }
            }
        }
        #expect(found.tokenCount == losses.count && found.chunkCount == count)
        let mean = losses.reduce(0, +) / Double(losses.count)
        // ln(value) is the mean, to the rounding of a sum.
        let bits = found.value
        #expect(abs(bits - Perplexity.exponent(mean)) < 1e-9 * bits)
        #expect(found.standardError ?? 0 > 0)
    }
}

extension Perplexity {
    /// e to the x, by its series.
    fileprivate static func exponent(_ x: Double) -> Double {
        var value = 0.0
        var term = 1.0
        for n in 1...200 {
            value += term
            term *= x / Double(n)
        }
        return value
    }
}
