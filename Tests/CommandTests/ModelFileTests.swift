import Basics
import TestSupport
import Testing

/// `models` and `datasets`, and what commands make of files that are not models.
@Suite struct ModelFileTests {
    private let project: ProjectFolder

    init() throws { project = try ProjectFolder() }

    @Test func inspectSaysWhatIsInTheFile() throws {
        let result = try project.run("models", "inspect", ProjectFolder.tinyModel)
        #expect(result.status == 0 && result.errors.isEmpty)
        #expect(
            result.output == """
                name             tiny llama
                architecture     llama
                parameters       95936
                weights          383.7 kB
                bits/weight      32.00
                layers           2
                context          128
                width            64
                feed-forward     96
                heads            4
                key/value heads  2
                tokenizer        gpt2, smollm
                vocabulary       267
                chat template    no
                file             GGUF v3, 389.6 kB
                tensors          21 in f32, 383.7 kB

                """)
        let json = try project.run("models", "inspect", ProjectFolder.tinyModel, "--json")
        guard case .object(let object) = try JSON.decode(JSONValue.self, from: json.output)
        else { return #expect(Bool(false), "not an object: \(json.output)") }
        #expect(object["architecture"] == .string("llama"))
        #expect(object["parameterCount"] == .integer(95936))
        #expect(object["weightsBytes"] == .integer(383_744))
    }

    @Test func listAndVerify() throws {
        let list = try project.run("models", "list")
        #expect(list.status == 0 && list.errors.isEmpty)
        #expect(list.lines[0].hasPrefix("NAME  "))
        #expect(list.lines.contains { $0.hasPrefix("smollm2-135m-instruct ") })
        var sha256 = SHA256()
        sha256.update(try FileSystem.read(ProjectFolder.tinyModel))
        let digest = sha256.hexDigest()
        let verified = try project.run("models", "verify", ProjectFolder.tinyModel)
        #expect(verified.status == 0)
        #expect(
            verified.output == "\(ProjectFolder.tinyModel): sha256 \(digest) "
                + "(no published digest to compare with)\n")
        let absent = try project.run("models", "verify", "smollm2")
        #expect(absent.status == 2 && absent.output.isEmpty)
        #expect(absent.errors.contains("billion models pull "))
    }

    @Test func datasetsAreListedWithTheirPlace() throws {
        let result = try project.run("datasets", "list")
        #expect(result.status == 0 && result.errors.isEmpty)
        let rows = result.lines.map { $0.split(separator: " ").map(String.init) }
        #expect(rows[0] == ["NAME", "QUESTIONS", "SUBJECTS", "PLACE", "DIGEST", "WHAT"])
        let mini = try #require(rows.first { $0[0] == "mini-mmlu" })
        #expect(mini[1...3] == ["220", "10", "$BILLION_DATASETS/mini-mmlu"])
        #expect(rows.contains { $0[0] == "mmlu" })
        // The project's own comes first; a broken one is named and the rest still listed.
        try project.write("a,b\n", to: "datasets/mini-mmlu/dev/x_dev.csv")
        try project.write("a,b\n", to: "datasets/mini-mmlu/test/x_test.csv")
        let broken = try project.run("datasets", "list")
        #expect(broken.status == 2)
        #expect(broken.output.contains("datasets/mini-mmlu"))
        #expect(broken.output.contains("unreadable"))
        #expect(broken.errors.contains("x_dev.csv"))
    }

    struct Broken: CustomTestStringConvertible, Sendable {
        var name: String
        var make: @Sendable ([UInt8]) -> [UInt8]
        var testDescription: String { name }

        init(_ name: String, _ make: @escaping @Sendable ([UInt8]) -> [UInt8]) {
            self.name = name
            self.make = make
        }
    }

    private static func patched(_ bytes: [UInt8], at place: Int, _ new: [UInt8]) -> [UInt8] {
        var bytes = bytes
        bytes.replaceSubrange(place..<place + new.count, with: new)
        return bytes
    }

    static let broken = [
        Broken("empty") { _ in [] },
        Broken("text") { _ in Array("not a model\n".utf8) },
        Broken("only the magic") { Array($0.prefix(4)) },
        Broken("version 9") { patched($0, at: 4, [9, 0, 0, 0]) },
        Broken("2^63 tensors") { patched($0, at: 8, [255, 255, 255, 255, 255, 255, 255, 127]) },
        Broken("2^64 - 1 values") { patched($0, at: 16, Array(repeating: 255, count: 8)) },
        Broken("a key of 2^40 bytes") { patched($0, at: 24, [0, 0, 0, 0, 0, 1, 0, 0]) },
        Broken("cut in the header") { Array($0.prefix(3000)) },
        Broken("cut in the data") { Array($0.dropLast(100_000)) },
        Broken("zeros after the header") { bytes in
            Array(bytes.prefix(40)) + Array(repeating: 0, count: bytes.count - 40)
        },
    ]

    /// Every command names the file and ends with 2: none of them crashes.
    @Test(arguments: broken)
    func brokenFilesAreNamed(file: Broken) throws {
        let bytes = file.make(try FileSystem.read(ProjectFolder.tinyModel))
        try FileSystem.write(bytes, atomicallyTo: project["broken.gguf"])
        let calls = [
            ["models", "inspect", "broken.gguf"],
            ["tokenize", "--model", "broken.gguf"],
            ["generate", "--model", "broken.gguf", "--prompt", "x"],
            ["generate", "--model", "broken.gguf", "--prompt", "x", "--quantization", "q8_0"],
            ["score", "--model", "broken.gguf", "--context", "x", "--continuation", "y"],
        ]
        for words in calls {
            let result = try project.tool.run(words, input: "x")
            #expect(result.status == 2, "\(words)")
            #expect(result.output.isEmpty, "\(words)")
            #expect(
                result.errors.hasPrefix("billion \(words[0]): broken.gguf: "),
                "\(words): \(result.errors)")
            #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
        }
    }

    @Test func foldersAndForeignArchitecturesAreNamedToo() throws {
        let folder = try project.run("models", "inspect", "experiments")
        #expect(folder.status == 2)
        #expect(folder.errors.hasPrefix("billion models: experiments: "))
        try project.writeModel("other.gguf", architecture: "mamba")
        let other = try project.run("generate", "--model", "other.gguf", "--prompt", "x")
        #expect(other.status == 2)
        #expect(
            other.errors == "billion generate: other.gguf: "
                + "\(ProjectFolder.mambaIsNotSupported)\n")
        // Its tokenizer needs no architecture.
        let ids = try project.run("tokenize", "--model", "other.gguf", input: "Hi")
        #expect(ids.output == "72 105\n")
    }
}
