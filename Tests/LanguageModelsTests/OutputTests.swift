import Basics
import LanguageModels
import Tensors
import TestSupport
import Testing

/// Which rows of a pass are handed over, and what happens when they are no numbers.
@Suite struct OutputTests {
    private static let architectures = ["llama", "stablelm", "gptneox"]

    /// Behind the last layer's attention only wanted rows are computed.
    @Test(arguments: architectures)
    func rowsAreTheSameWhateverElseIsWanted(architecture: String) throws {
        let tiny = try TinyModelTests.Tiny(architecture)
        let tokens = tiny.reference.tokens
        let all = tiny.logits(pieces: [tokens.count])
        for outputs in [0..<0, 0..<1, 5..<6, 17..<40, tokens.count - 1..<tokens.count] {
            let session = tiny.model.makeSession(capacity: 64, computation: .f32)
            var found: [[Float]] = []
            session.append(tokens, outputs: outputs) { found.append(Array($1)) }
            #expect(found == Array(all[outputs]))
            // What was not wanted is cached all the same.
            session.truncate(to: tokens.count - 1)
            session.append([tokens[tokens.count - 1]], outputs: 0..<1) {
                #expect(Array($1) == all[tokens.count - 1])
            }
        }
        let batch = SequenceBatch(
            model: tiny.model, capacity: 512, positions: 64, cacheFormat: .f16)
        let session = tiny.model.makeSession(capacity: 64, computation: .auto)
        var alone: [[Float]] = []
        session.append(tokens, outputs: 0..<tokens.count) { alone.append(Array($1)) }
        let parts = [(20, 3), (9, 0), (40, 1)].map { length, outputs in
            SequenceBatch.Extension(
                batch.makeSequence(), Array(tokens.prefix(length)), outputs: outputs)
        }
        var places: [[Int]] = []
        batch.append(parts) { part, index, logits in
            places.append([part, index])
            #expect(Array(logits) == alone[index])
        }
        #expect(places == [[0, 17], [0, 18], [0, 19], [2, 39]])
    }

    /// A file whose embedding of one token is broken.
    private func broken(token: Int32, in folder: TemporaryFolder) throws -> LanguageModel {
        let whole = Fixtures.path("tiny-llama.gguf")
        let embedding = try #require(try openCheckpoint(path: whole).tensors["token_embd.weight"])
        var bytes = try FileSystem.read(whole)
        let row = embedding.byteRange.lowerBound + Int(token) * embedding.bytesPerRow
        // Of f32 and f16 alike, all bits set is no number.
        for place in row..<row + embedding.bytesPerRow { bytes[place] = 0xFF }
        let path = folder["broken.gguf"]
        try FileSystem.write(bytes, atomicallyTo: path)
        return try LanguageModel(path: path, backend: CPUBackend(threads: 1, computation: .f32))
    }

    @Test func whatIsNoNumberIsNamedAndNotHandedOver() throws {
        let folder = try TemporaryFolder()
        let model = try broken(token: 9, in: folder)
        let session = model.makeSession(capacity: 16, computation: .f32)
        session.append([3, 4, 7], outputs: 0..<3) { #expect($1.contains { $0 != 0 }) }
        #expect(throws: Never.self) { try model.requireFinite() }
        var sampler = Sampler(SamplingOptions(temperature: 1, topP: 0.9, seed: 1))
        session.append([9, 6], outputs: 0..<2) { _, logits in
            #expect(logits.allSatisfy { $0 == 0 })
            // Nothing to draw from would be a crash.
            #expect((0..<Int32(logits.count)).contains(sampler.choose(logits)))
        }
        let error = try #require(throws: ModelError.self) { try model.requireFinite() }
        #expect(
            error.description == folder["broken.gguf"]
                + ": at position 3 of a text the model's logits are not finite numbers, so its "
                + "weights or its adapter are broken. Fetch or make the file again.")
        #expect(model.processedTokens == 5)
    }

    @Test func aBatchNamesThePositionInItsSequence() throws {
        let folder = try TemporaryFolder()
        let model = try broken(token: 9, in: folder)
        let batch = SequenceBatch(model: model, capacity: 256, positions: 16, cacheFormat: .f16)
        batch.append([
            .init(batch.makeSequence(), [1, 2, 3], outputs: 3),
            .init(batch.makeSequence(), [1, 2, 9, 4], outputs: 1),
        ]) { _, _, _ in }
        let error = try #require(throws: ModelError.self) { try model.requireFinite() }
        #expect(error.description.contains(": at position 3 of a text "))
    }
}
