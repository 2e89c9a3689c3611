import Basics
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

/// A folder's tokenizer in the GGUF file that is made from the folder.
///
/// `Tests/Fixtures/tokenization/compare_written.py` does the same with llama.cpp as the reader.
struct TokenizerWritingTests {
    /// The tokenizer of a GGUF file with this description and a few rows without a token.
    static func written(_ description: TokenizerDescription, in folder: TemporaryFolder) throws
        -> (tokenizer: Tokenizer, metadata: GGUFMetadata)
    {
        let path = folder["written.gguf"]
        let pairs =
            [("general.architecture", GGUFValue.string("llama"))]
            + (try description.metadataForGGUF(vocabulary: description.tokens.count + 3))
        try GGUFWriter(path: path, metadata: pairs, tensors: []).finish()
        let file = try GGUFFile(path: path)
        return (try Tokenizer(gguf: file), file.metadata)
    }

    private static func folder(_ name: String) -> String {
        Fixtures.path("tokenization/folders/" + name)
    }

    /// Kinds that llama.cpp has under another name for the same rule.
    private static let otherNames = ["gpt-neox": "olmo", "starcoder": "smollm"]

    @Test("byte-level kinds keep their ids", arguments: TokenizerByteLevelTests.kinds)
    func byteLevel(kind: String) throws {
        let (fixture, _) = try TokenizerFixtures.byteLevel(kind)
        let folder = try TemporaryFolder()
        let description = try TokenizerDescription(folder: Self.folder(kind))
        let (tokenizer, metadata) = try Self.written(description, in: folder)
        let name = try metadata.string("tokenizer.ggml.pre")
        #expect(name == Self.otherNames[kind] ?? kind)
        // Read back under its own name, for a file of another architecture says `olmo` too.
        let recording = try #require(fixture.recorded[kind])
        for (index, text) in fixture.cases.enumerated() {
            let ids = tokenizer.encode(text, addBOS: false)
            #expect(ids == recording.special[index], "\(text.debugDescription)")
            let plain = tokenizer.encode(text, addBOS: false, parseSpecial: false)
            #expect(plain == recording.plain[index], "plain \(text.debugDescription)")
        }
        try expectSameRules(tokenizer, try Tokenizer(description))
    }

    @Test("SentencePiece keeps its ids", arguments: ["everySegment", "firstSegment"])
    func sentencePiece(name: String) throws {
        let (fixture, _) = try TokenizerFixtures.sentencePiece()
        let folder = try TemporaryFolder()
        let description = try TokenizerDescription(folder: Self.folder(name))
        let (tokenizer, metadata) = try Self.written(description, in: folder)
        let recording = try #require(fixture.recorded[name])
        for (index, text) in fixture.cases.enumerated() {
            let ids = tokenizer.encode(text, addBOS: false)
            #expect(ids == recording.special[index], "\(text.debugDescription)")
            #expect(tokenizer.decodeText(ids) == recording.decoded?[index])
        }
        try expectSameRules(tokenizer, try Tokenizer(description))
        let last = try metadata.floats("tokenizer.ggml.scores").count - 1
        let filler = try metadata.strings("tokenizer.ggml.tokens").last
        #expect(filler == Array("[PAD\(last)]".utf8))
        #expect(try metadata.integers("tokenizer.ggml.token_type").first == 2)
        #expect(!metadata.contains("tokenizer.ggml.merges"))
    }

    private func expectSameRules(_ found: Tokenizer, _ wanted: Tokenizer) throws {
        #expect(found.vocabularySize == wanted.vocabularySize + 3)
        #expect(found.addsBOS == wanted.addsBOS && found.addsEOS == wanted.addsEOS)
        #expect(found.bosID == wanted.bosID && found.eosID == wanted.eosID)
        #expect(found.unknownID == wanted.unknownID && found.paddingID == wanted.paddingID)
        #expect(found.endOfGeneration == wanted.endOfGeneration)
        #expect(found.chatTemplate == wanted.chatTemplate)
        #expect(found.spacePrefix == wanted.spacePrefix)
    }

    @Test func piecesKeepTheirScores() throws {
        let (fixture, _) = try TokenizerFixtures.sentencePiece()
        let folder = try TemporaryFolder()
        try FileSystem.write(
            SentencePieceBytes.model(fixture), atomicallyTo: folder["tokenizer.model"])
        let description = try TokenizerDescription(folder: folder.path)
        let (tokenizer, metadata) = try Self.written(description, in: folder)
        let scores = try metadata.floats("tokenizer.ggml.scores")
        #expect(scores == fixture.scores + [0, 0, 0])
        let wanted = try Tokenizer(description)
        for text in fixture.cases { #expect(tokenizer.encode(text) == wanted.encode(text)) }
    }

    @Test func templateAndEndsComeAlong() throws {
        let folder = try TemporaryFolder()
        let json = try FileSystem.read(Self.folder("gpt-2") + "/tokenizer.json")
        try FileSystem.write(json, atomicallyTo: folder["tokenizer.json"])
        try folder.write(
            #"{"chat_template": "{{ messages }}", "add_bos_token": true, "bos_token": "<|user|>"}"#,
            to: "tokenizer_config.json")
        try folder.write(
            #"{"eos_token_id": [0, 3, 4], "pad_token_id": 2}"#, to: "generation_config.json")
        let description = try TokenizerDescription(folder: folder.path)
        let (tokenizer, _) = try Self.written(description, in: folder)
        #expect(tokenizer.chatTemplate == "{{ messages }}" && tokenizer.addsBOS)
        #expect(tokenizer.bosID == 1 && tokenizer.eosID == 0 && tokenizer.paddingID == 2)
        #expect(tokenizer.endOfGeneration == [0, 3, 4])
    }

    @Test func theModelsFileIsGivenTheTokenizer() throws {
        let folder = try TemporaryFolder()
        let model = Fixtures.path("checkpoints/llama-old/hf")
        for name in try FileSystem.names(in: model) {
            let bytes = try FileSystem.read(FileSystem.join(model, name))
            try FileSystem.write(bytes, atomicallyTo: folder[name])
        }
        let bare = try FolderCheckpoint(path: folder.path).metadataForGGUF()
        #expect(!bare.contains { $0.0.hasPrefix("tokenizer.") })
        let json = try FileSystem.read(Self.folder("gpt-2") + "/tokenizer.json")
        try FileSystem.write(json, atomicallyTo: folder["tokenizer.json"])
        let error = #expect(throws: CheckpointError.self) {
            try FolderCheckpoint(path: folder.path).metadataForGGUF()
        }
        let count = try TokenizerDescription(folder: folder.path).tokens.count
        #expect(
            error?.problem
                == "this tokenizer cannot be written as GGUF: it has \(count) tokens, and the "
                + "model 97 rows for them.")
    }

    private typealias Change = @Sendable (inout TokenizerDescription) -> Void
    private static let refusals: [(name: String, change: Change, problem: String)] = [
        (
            "everySegment",
            { $0.addedTokens?[0].stripsLeft = true },
            "the token '<unk>' strips spaces beside it or wants to stand alone, which a GGUF file "
                + "cannot say."
        ),
        (
            "firstSegment", { $0.splitsAtSpaces = true },
            "Metaspace with 'split' keeps spaces apart, which a GGUF file cannot say."
        ),
        (
            "everySegment",
            { description in
                // The last merge is missing, as if training had not come to it.
                let pairs = description.mergePairs
                description.mergePairs = ByteStrings(pairs.prefix(pairs.count - 2))
            },
            "its merges are not those that follow from its pieces, and a GGUF file of this kind has "
                + "no others."
        ),
        (
            "gpt-2", { $0.preTokenizer?.addsPrefixSpace = true },
            "llama.cpp has no name for its way of cutting text into words (gpt-2)."
        ),
        (
            "llama-bpe", { $0.preTokenizer?.ignoresMerges = false },
            "llama.cpp has no name for its way of cutting text into words (llama-3, numbers of 3)."
        ),
        (
            "gpt-2", { $0.endOfGenerationIDs = [0, 2, 3, 4] },
            "4 tokens end a text, a GGUF file can name 3."
        ),
    ]

    @Test("what GGUF cannot say is refused", arguments: refusals.indices)
    func refused(index: Int) throws {
        let (name, change, problem) = Self.refusals[index]
        var description = try TokenizerDescription(folder: Self.folder(name))
        change(&description)
        let error = #expect(throws: CheckpointError.self) {
            try description.metadataForGGUF(vocabulary: 100_000)
        }
        #expect(error?.problem == "this tokenizer cannot be written as GGUF: " + problem)
    }

    /// The ids of llama.cpp's vectors after the way from tokenizer.json to GGUF.
    @Test(
        "llama.cpp's vectors",
        .enabled(
            if: SharedData.tokenizerFolders != nil && SharedData.path("data/vocab") != nil,
            "needs BILLION_TEST_TOKENIZERS and ../shared/data/vocab"),
        arguments: TokenizerVocabularyTests.vectors)
    func vectors(name: String) throws {
        let description = try TokenizerDescription(
            folder: FileSystem.join(SharedData.tokenizerFolders ?? "", name))
        let file = try #require(SharedData.path("data/vocab/ggml-vocab-\(name).gguf"))
        let (tokenizer, _) = try Self.written(description, in: TemporaryFolder())
        let (cases, wanted) = try TokenizerVocabularyTests.vectors(file)
        #expect(cases.count > 40 && cases.count == wanted.count)
        for (text, ids) in zip(cases, wanted) {
            let found = tokenizer.encode(text, addBOS: false, parseSpecial: false)
            #expect(found == ids, "\(text.debugDescription)")
        }
    }
}
