import Basics
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

/// The same small models as Hugging Face folders and as GGUF, against transformers in float32
/// (`Tests/Fixtures/make_tiny_checkpoints.py`).
@Suite struct CheckpointTests {
    enum Form: String, CaseIterable, Sendable {
        case huggingFace = "hf"
        case gguf = "gguf"
    }

    struct Reference: Decodable {
        var tokens: [Int32]
        var prompt: [Int32]
        var greedy: [Int32]
    }

    struct Fixture {
        let name: String

        var reference: Reference {
            get throws { try Fixtures.json(Reference.self, "checkpoints/\(name)/reference.json") }
        }

        /// [64, V].
        var logits: [Float] {
            get throws {
                let bytes = try FileSystem.read(Fixtures.path("checkpoints/\(name)/logits.f32"))
                return bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
            }
        }

        func path(_ form: Form) -> String {
            let folder = Fixtures.path("checkpoints/\(name)/\(form.rawValue)")
            guard form == .gguf else { return folder }
            let split = FileSystem.join(folder, "model-00001-of-00003.gguf")
            return FileSystem.isFile(split) ? split : FileSystem.join(folder, "model.gguf")
        }

        func model(_ form: Form) throws -> LanguageModel {
            try LanguageModel(path: path(form), backend: CPUBackend(threads: 2, computation: .f32))
        }
    }

    static let names = [
        "gptneox", "gptneox-sequential", "llama-old", "llama-scaled", "stablelm",
    ]

    /// All logits with the tokens fed in pieces.
    private func logits(of model: LanguageModel, _ tokens: [Int32], pieces: [Int] = [64])
        -> [Float]
    {
        let session = model.makeSession(capacity: tokens.count, computation: .f32)
        var all: [Float] = []
        var rest = tokens[...]
        for piece in pieces {
            session.append(Array(rest.prefix(piece)), outputs: 0..<piece) { all += $1 }
            rest = rest.dropFirst(piece)
        }
        return all
    }

    private func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
        a.count == b.count ? zip(a, b).map { abs($0 - $1) }.max() ?? .infinity : .infinity
    }

    @Test(arguments: names, Form.allCases)
    func logitsEqualTransformers(name: String, form: Form) throws {
        let fixture = Fixture(name: name)
        let found = logits(of: try fixture.model(form), try fixture.reference.tokens)
        let difference = largestDifference(found, try fixture.logits)
        #expect(difference < TinyModelTests.logitTolerance)
    }

    @Test(arguments: names, Form.allCases)
    func cachedDecodingEqualsPrefill(name: String, form: Form) throws {
        let fixture = Fixture(name: name)
        let model = try fixture.model(form)
        let tokens = try fixture.reference.tokens
        let whole = logits(of: model, tokens)
        for pieces in [[7, 1, 1, 55], [Int](repeating: 1, count: 64)] {
            let difference = largestDifference(logits(of: model, tokens, pieces: pieces), whole)
            #expect(difference < TinyModelTests.logitTolerance, "pieces \(pieces)")
        }
    }

    @Test(arguments: names, Form.allCases)
    func greedyGenerationEqualsTransformers(name: String, form: Form) throws {
        let fixture = Fixture(name: name)
        let session = try fixture.model(form).makeSession(capacity: 64, computation: .f32)
        var generator = TokenGenerator(session: session, sampling: SamplingOptions())
        var generated: [Int32] = []
        generator.generate(after: try fixture.reference.prompt, limit: 24, stop: []) {
            generated.append($0.id)
            return true
        }
        #expect(generated == (try fixture.reference.greedy))
    }

    /// Llama's queries and keys have their elements in another order in the two forms, and so their
    /// products are added in another order; everything else is equal bit by bit.
    @Test(arguments: names)
    func bothFormsGiveTheSameLogits(name: String) throws {
        let fixture = Fixture(name: name)
        let tokens = try fixture.reference.tokens
        let first = logits(of: try fixture.model(.huggingFace), tokens)
        let second = logits(of: try fixture.model(.gguf), tokens)
        if name.hasPrefix("llama") {
            #expect(largestDifference(first, second) < 2e-5)
        } else {
            #expect(first == second)
        }
    }

    @Test(arguments: names)
    func bothFormsSayTheSameOfTheModel(name: String) throws {
        let fixture = Fixture(name: name)
        var folder = try openCheckpoint(path: fixture.path(.huggingFace)).configuration()
        let file = try openCheckpoint(path: fixture.path(.gguf)).configuration()
        #expect((folder.rotary.scaling != nil) == (name == "llama-scaled"))
        // What GGUF says by a tensor, and by the order of rows.
        folder.rotary.scaling = nil
        folder.rotary.pairing = file.rotary.pairing
        folder.hasParallelResidual = file.hasParallelResidual
        #expect(folder == file)
    }

    /// The file that this program writes from a folder is the one that gguf-py wrote.
    @Test(arguments: names)
    func foldersBecomeGGUF(name: String) throws {
        let fixture = Fixture(name: name)
        let folder = try TemporaryFolder()
        var files: [GGUFFile] = []
        for form in Form.allCases {
            let path = folder["\(form.rawValue).gguf"]
            try Requantizer(
                openCheckpoint(path: fixture.path(form)), to: QuantizationTarget(F16.self)
            ).write(to: path)
            files.append(try GGUFFile(path: path))
        }
        #expect(Set(files[0].tensors.map(\.name)) == Set(files[1].tensors.map(\.name)))
        for tensor in files[0].tensors {
            let other = try files[1].tensors.tensor(
                named: tensor.name, dimensions: tensor.dimensions)
            #expect(tensor.type == other.type)
            #expect(
                tensor.withBytes { Array($0) } == other.withBytes { Array($0) }, "\(tensor.name)")
        }
        let first = try GGUFCheckpoint(files[0]).configuration()
        #expect(try first.shape == GGUFCheckpoint(files[1]).configuration().shape)
        #expect(try first.rotary == GGUFCheckpoint(files[1]).configuration().rotary)
    }

    /// Weights lie in the mapping and nowhere else, but for the matrices that must be regrouped.
    @Test(arguments: names, Form.allCases)
    func weightsAreUsedInPlace(name: String, form: Form) throws {
        let checkpoint = try openCheckpoint(path: Fixture(name: name).path(form))
        for tensor in checkpoint.tensors where tensor.rank == 2 {
            let matrix = try tensor.hostMatrix()
            let isInPlace = matrix.owner === tensor.file
            let isFused = form == .huggingFace && tensor.name.contains("attn_qkv")
            #expect(isInPlace != isFused, "\(tensor.name)")
        }
    }

    @Test func generationConfigurationNamesTheEnds() throws {
        let path = Fixture(name: "stablelm").path(.huggingFace)
        #expect(try FolderCheckpoint(path: path).endTokens == [2, 5])
    }

    @Test func filesOfACheckpointAreListed() throws {
        func names(_ form: Form) throws -> [String] {
            try CheckpointFiles.paths(of: Fixture(name: "llama-scaled").path(form))
                .map { FileSystem.name(of: $0) }
        }
        #expect(try names(.gguf) == (1...3).map { "model-0000\($0)-of-00003.gguf" })
        #expect(
            try names(.huggingFace) == [
                "config.json", "generation_config.json", "model.safetensors.index.json",
                "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
                "model-00003-of-00003.safetensors",
            ])
    }

    /// The divisors of Llama-3.2-1B, which its GGUF files hold as `rope_freqs.weight`.
    @Test func scalingOfLlama32() {
        let plain = RotaryEmbedding(
            RotaryConfiguration(base: 500_000, dimensions: 64, pairing: .halves))
        let scaling = Llama3Scaling(
            factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192)
        let divisors = scaling.divisors(of: plain.frequencies)
        #expect(divisors.count == 32)
        #expect(divisors[..<15].allSatisfy { $0 == 1 })
        #expect(divisors[18...].allSatisfy { $0 == 32 })
        for (index, wanted) in [(15, Float(1.6513)), (16, 3.2923), (17, 9.6667)] {
            #expect(abs(divisors[index] - wanted) < 5e-5, "\(index)")
        }
        let scaled = RotaryEmbedding(
            RotaryConfiguration(
                base: 500_000, dimensions: 64, pairing: .halves, scaling: scaling))
        #expect(scaled.frequencies == zip(plain.frequencies, divisors).map { $0 / $1 })
    }
}
