import Basics
import LanguageModels
import Tensors
import TestSupport
import Testing

/// Samples generated together against each alone, token for token.
@Suite struct BatchGeneratorTests {
    private typealias Samples = [BatchGenerator.SampleID: [Int32]]

    private func model(_ architecture: String, _ computation: Computation, threads: Int = 2) throws
        -> LanguageModel
    {
        try LanguageModel(
            path: Fixtures.path("tiny-\(architecture).gguf"),
            backend: CPUBackend(threads: threads, computation: computation))
    }

    private func prompts(_ model: LanguageModel) -> [BatchGenerator.Prompt] {
        var generator = SeededGenerator(seed: 5)
        return [(3, 5), (90, 1), (1, 0), (130, 4)].enumerated().map { place, shape in
            let tokens = (0..<shape.0).map { _ in
                Int32(generator.next() % UInt64(model.shape.vocabulary))
            }
            let samples = (0..<shape.1).map { sample in
                SamplingOptions(
                    temperature: sample == 0 ? 0 : 0.9, topP: sample.isMultiple(of: 2) ? 1 : 0.8,
                    seed: UInt64(100 * place + sample))
            }
            return .init(tokens: tokens, samples: samples)
        }
    }

    /// Ends by itself, at a stop token, or at the limit.
    private static let limit = 24
    private static let stop: Set<Int32> = [7, 8, 9, 10, 11, 12]
    private static func isWanted(_ token: Int32) -> Bool { token % 29 != 3 }

    private func together(
        _ model: LanguageModel, _ computation: Computation, width: Int
    ) -> (samples: Samples, ended: [BatchGenerator.SampleID]) {
        let prompts = prompts(model)
        let generator = BatchGenerator(
            model: model, width: width, positions: 130 + Self.limit,
            cacheFormat: computation.cacheFormat)
        var samples: Samples = [:]
        var ended: [BatchGenerator.SampleID] = []
        generator.generate(prompts, limit: Self.limit, stop: Self.stop) { id, token in
            #expect(!ended.contains(id))
            samples[id, default: []].append(token)
            return Self.isWanted(token)
        } ended: {
            ended.append($0)
        }
        return (samples, ended)
    }

    @Test(
        arguments: ArchitectureRegistry.all.map { $0.name },
        [Computation.auto, .f32, Computation(.auto, cacheFormat: .q8_0)])
    func companyChangesNothing(architecture: String, computation: Computation) throws {
        let model = try model(architecture, computation)
        var alone: Samples = [:]
        for (place, prompt) in prompts(model).enumerated() {
            for (number, options) in prompt.samples.enumerated() {
                let session = model.makeSession(capacity: 200, computation: computation)
                var generator = TokenGenerator(session: session, sampling: options)
                var tokens: [Int32] = []
                generator.generate(after: prompt.tokens, limit: Self.limit, stop: Self.stop) {
                    tokens.append($0.id)
                    return Self.isWanted($0.id)
                }
                alone[.init(prompt: place, sample: number)] = tokens
            }
        }
        #expect(Set(alone.values.map(\.count)).count > 2, "the samples end at different places")
        for width in [1, 3, 20] {
            let found = together(model, computation, width: width)
            #expect(found.samples == alone, "\(width) at a time")
            #expect(Set(found.ended) == Set(alone.keys) && found.ended.count == alone.count)
        }
        let single = try self.model(architecture, computation, threads: 1)
        #expect(together(single, computation, width: 8).samples == alone, "one thread")
    }

    private struct Stopped: Error {}

    @Test func anErrorLeavesItUsable() throws {
        let model = try model("llama", .f32)
        let prompts = prompts(model)
        let generator = BatchGenerator(
            model: model, width: 4, positions: 130 + Self.limit, cacheFormat: .f32)
        var wanted: Samples = [:]
        for attempt in 0..<12 {
            var samples: Samples = [:]
            let isBroken = attempt.isMultiple(of: 2)
            do {
                try generator.generate(prompts, limit: Self.limit, stop: []) { id, token in
                    samples[id, default: []].append(token)
                    if isBroken, samples.count > attempt / 2 { throw Stopped() }
                    return true
                } ended: { _ in
                }
                #expect(!isBroken)
            } catch is Stopped {
                continue
            }
            if wanted.isEmpty { wanted = samples }
            #expect(samples == wanted)
        }
    }
}
