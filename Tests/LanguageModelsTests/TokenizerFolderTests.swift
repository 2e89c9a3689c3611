import Basics
import TestSupport
import Testing

@testable import LanguageModels

/// Folders with a tokenizer.json that the `tokenizers` library wrote, or a tokenizer.model.
struct TokenizerFolderTests {
    private static func folder(_ name: String) -> String {
        Fixtures.path("tokenization/folders/" + name)
    }

    @Test("byte-level kinds equal the reference", arguments: TokenizerByteLevelTests.kinds)
    func byteLevel(kind: String) throws {
        let (fixture, _) = try TokenizerFixtures.byteLevel(kind)
        let tokenizer = try Tokenizer(folder: Self.folder(kind))
        let recording = try #require(fixture.recorded[kind])
        for (index, text) in fixture.cases.enumerated() {
            let ids = tokenizer.encode(text, addBOS: false)
            #expect(ids == recording.special[index], "\(text.debugDescription)")
            let plain = tokenizer.encode(text, addBOS: false, parseSpecial: false)
            #expect(plain == recording.plain[index], "plain \(text.debugDescription)")
        }
        #expect(tokenizer.source.form == .tokenizerJSON)
        #expect(tokenizer.addsBOS == (kind == "llama-bpe") && !tokenizer.addsEOS)
        #expect(tokenizer.bosID == 1 && tokenizer.eosID == 0)
    }

    @Test("SentencePiece equals the reference", arguments: ["everySegment", "firstSegment"])
    func sentencePiece(name: String) throws {
        let (fixture, _) = try TokenizerFixtures.sentencePiece()
        let other = name == "everySegment" ? "firstSegment" : "everySegment"
        let prefix: SpacePrefix = name == "everySegment" ? .everySegment : .firstSegment
        let recording = try #require(fixture.recorded[name])
        // As the file says, and by the option although the file says otherwise.
        for tokenizer in [
            try Tokenizer(folder: Self.folder(name)),
            try Tokenizer(folder: Self.folder(other), spacePrefix: prefix),
        ] {
            for (index, text) in fixture.cases.enumerated() {
                let ids = tokenizer.encode(text, addBOS: false)
                #expect(ids == recording.special[index], "\(text.debugDescription)")
                let plain = tokenizer.encode(text, addBOS: false, parseSpecial: false)
                #expect(plain == recording.plain[index], "plain \(text.debugDescription)")
                #expect(tokenizer.decodeText(ids) == recording.decoded?[index])
            }
            #expect(tokenizer.addsBOS && tokenizer.encode("") == [1])
            #expect(
                tokenizer.variant == "SentencePiece BPE, \(prefix.rawValue) (tokenizer.json)")
        }
    }

    @Test("a tokenizer.model equals the same vocabulary in GGUF", arguments: [true, false, nil])
    func pieces(legacy: Bool?) throws {
        let (fixture, description) = try TokenizerFixtures.sentencePiece()
        let folder = try TemporaryFolder()
        try FileSystem.write(
            SentencePieceBytes.model(fixture), atomicallyTo: folder["tokenizer.model"])
        let rule = legacy.map { "\"legacy\": \($0), " } ?? ""
        try folder.write("{\(rule)\"add_bos_token\": true}", to: "tokenizer_config.json")
        let tokenizer = try Tokenizer(folder: folder.path)
        let prefix: SpacePrefix = legacy == false ? .firstSegment : .everySegment
        let same = try Tokenizer(description, spacePrefix: prefix)
        for text in fixture.cases {
            #expect(tokenizer.encode(text) == same.encode(text), "\(text.debugDescription)")
        }
        #expect(tokenizer.variant == "SentencePiece BPE, \(prefix.rawValue) (tokenizer.model)")
        #expect(tokenizer.bosID == 1 && tokenizer.eosID == 2 && tokenizer.unknownID == 0)
    }

    @Test("the files beside tokenizer.json")
    func configuration() throws {
        let folder = try TemporaryFolder()
        func tokenizer(_ files: [String: String]) throws -> Tokenizer {
            try FileSystem.remove(folder.path)
            try FileSystem.makeFolder(folder.path)
            let json = try FileSystem.read(Self.folder("gpt-2") + "/tokenizer.json")
            try FileSystem.write(json, atomicallyTo: folder["tokenizer.json"])
            for (name, text) in files { try folder.write(text, to: name) }
            return try Tokenizer(folder: folder.path)
        }
        let bare = try tokenizer([:])
        #expect(bare.bosID == nil && bare.eosID == nil && bare.chatTemplate == nil)
        let adds = try tokenizer([
            "tokenizer_config.json": #"{"bos_token": "<|user|>", "add_bos_token": true}"#
        ])
        #expect(adds.encode("a") == [1] + bare.encode("a"))
        let mapped = try tokenizer([
            "tokenizer_config.json": #"{"eos_token": null}"#,
            "special_tokens_map.json": #"{"eos_token": {"content": "<|endx|>"}}"#,
            "generation_config.json": #"{"eos_token_id": [0, 1], "bos_token_id": 1}"#,
        ])
        #expect(mapped.eosID == 2 && mapped.bosID == 1 && !mapped.addsBOS)
        #expect(mapped.endOfGeneration == [0, 1, 2])
        let added = try tokenizer([
            "tokenizer_config.json": #"""
            {"added_tokens_decoder": {"0": {"content": "<|end|>"},
             "700": {"content": "<|new|>", "special": true}}, "chat_template": "x"}
            """#
        ])
        #expect(added.encode("<|new|>") == [700] && added.vocabularySize == 701)
        #expect(added.isSpecial(700) && added.chatTemplate == "x")
    }

    struct Broken: Decodable, Sendable, CustomTestStringConvertible {
        let name: String
        let folder: String
        let file: String
        let replace: String
        /// Instead of it; nil cuts the file there.
        let by: String?
        let message: String

        var testDescription: String { name }
    }

    static let broken =
        (try? Fixtures.json([Broken].self, "tokenization/broken-folders.json")) ?? []

    @Test("broken files", arguments: broken)
    func refused(broken: Broken) throws {
        let folder = try TemporaryFolder()
        for name in ["tokenizer.json", "tokenizer_config.json"] {
            var text = try Fixtures.text("tokenization/folders/\(broken.folder)/\(name)")
            if name == broken.file {
                let parts = text.split(
                    separator: broken.replace, maxSplits: 1, omittingEmptySubsequences: false)
                try #require(parts.count == 2)
                let rest = broken.by.map { $0 + parts[1] } ?? String(broken.replace.dropLast())
                text = String(parts[0]) + rest
            }
            try folder.write(text, to: name)
        }
        let error = #expect(throws: CheckpointError.self) { try Tokenizer(folder: folder.path) }
        #expect(error?.description == folder.path + "/" + broken.message)
    }

    @Test func thereAreEnoughBrokenFiles() { #expect(Self.broken.count >= 40) }

    @Test func emptyFolder() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: CheckpointError.self) { try Tokenizer(folder: folder.path) }
        #expect(
            error?.problem
                == "there is no tokenizer here: wanted tokenizer.json or tokenizer.model.")
    }

    /// The reference's answers for llama.cpp's vectors, from tokenizer.json files of the vocabularies.
    @Test(
        "llama.cpp's vectors by way of tokenizer.json",
        .enabled(
            if: SharedData.tokenizerFolders != nil && SharedData.path("data/vocab") != nil,
            "needs BILLION_TEST_TOKENIZERS and ../shared/data/vocab"),
        arguments: TokenizerVocabularyTests.vectors)
    func vectors(name: String) throws {
        let folder = FileSystem.join(SharedData.tokenizerFolders ?? "", name)
        let file = try #require(SharedData.path("data/vocab/ggml-vocab-\(name).gguf"))
        let tokenizer = try Tokenizer(folder: folder)
        let (cases, wanted) = try TokenizerVocabularyTests.vectors(file)
        #expect(cases.count > 40 && cases.count == wanted.count)
        for (text, ids) in zip(cases, wanted) {
            let found = tokenizer.encode(text, addBOS: false, parseSpecial: false)
            #expect(found == ids, "\(text.debugDescription)")
        }
    }
}
