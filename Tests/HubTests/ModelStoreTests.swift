import Basics
import TestSupport
import Testing

@testable import Hub

@Suite struct ModelStoreTests {
    private func store(_ folder: TemporaryFolder) throws -> ModelStore {
        let environment = ["HOME": folder.path, "PATH": folder["empty"]]
        return ModelStore(paths: try Paths(environment: environment), environment: environment)
    }

    @Test func whatMODELMeans() throws {
        let folder = try TemporaryFolder()
        let store = try store(folder)
        #expect(try store.location(of: "smollm2") == .catalog("smollm2"))
        #expect(try store.location(of: "./a/b") == .path("./a/b"))
        #expect(try store.location(of: "model.gguf") == .path("model.gguf"))
        let error = #expect(throws: HubError.self) { try store.location(of: "smolm2") }
        #expect(
            error?.description
                == "smolm2: no file of this path and no known model of this name. "
                + "Did you mean 'smollm2'?")
    }

    @Test func aPathIsItsOwnPlace() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("weights", to: "a model.gguf")
        let store = try store(folder)
        #expect(try store.locate(.path(path)) == path)
        #expect(try store.pull(.path(path)) == path)
        #expect(try store.digest(of: path) == SHA256.hex("weights"))
        let verification = try store.verify(.path(path))
        #expect(verification.sha256 == SHA256.hex("weights") && !verification.isKnown)
        let error = #expect(throws: HubError.self) { try store.pull(.path(folder["none.gguf"])) }
        #expect(error?.description == "\(folder["none.gguf"]): no such model file.")
    }

    @Test func theListSaysWhatIsHere() throws {
        let folder = try TemporaryFolder()
        let listing = try store(folder).list()
        #expect(listing.map(\.model.name) == ModelCatalog.models.map(\.name))
        #expect(listing.allSatisfy { $0.path == nil })
        // Asking leaves no trace.
        #expect(try FileSystem.names(in: folder.path).isEmpty)
    }

    @Test func whatIsNotPulledCannotBeVerified() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: HubError.self) {
            try store(folder).verify(.catalog("smollm2"))
        }
        #expect(
            error?.description
                == "smollm2: not in the cache yet. Run: billion models pull smollm2")
    }

    private static let digest = String(repeating: "0a", count: 32)

    @Test(arguments: [
        ("an option", "--index-url=x", "a.gguf", digest),
        ("a path", "./folder", "a.gguf", digest),
        ("an address", "a @ https://example.org/a.whl", "a.gguf", digest),
        ("no version", "package", "a.gguf", digest),
        ("a range", "package>=1", "a.gguf", digest),
        ("two requirements", "package==1 other==2", "a.gguf", digest),
        ("a leading dash", "-package==1", "a.gguf", digest),
        ("no file", "package==1", "", digest),
        ("a folder", "package==1", "folder/", digest),
        ("the parent", "package==1", "a/..", digest),
        ("a short digest", "package==1", "a.gguf", "abc"),
        ("no hexadecimal digest", "package==1", "a.gguf", String(repeating: "g", count: 64)),
    ])
    func brokenWheels(name: String, requirement: String, file: String, sha256: String) throws {
        let folder = try TemporaryFolder()
        let store = try store(folder)
        let error = #expect(throws: HubError.self, "\(name)") {
            try store.pull(.pypi(requirement: requirement, file: file, sha256: sha256))
        }
        if case .badSource(let sentence)? = error {
            #expect(sentence.contains("expected"), "\(name)")
        } else {
            Issue.record("\(name): \(String(describing: error))")
        }
        #expect(try FileSystem.names(in: folder.path).isEmpty)
    }

    @Test(arguments: [
        ("no organisation", "repo", "a.gguf", "main"),
        ("three parts", "a/b/c", "a.gguf", "main"),
        ("the parent", "../repo", "a.gguf", "main"),
        ("a query", "org/repo?x=1", "a.gguf", "main"),
        ("a file outside", "org/repo", "../a.gguf", "main"),
        ("an absolute file", "org/repo", "/etc/passwd", "main"),
        ("a line end", "org/repo", "a\nb", "main"),
        ("no file", "org/repo", "", "main"),
        ("no revision", "org/repo", "a.gguf", ""),
        ("a revision outside", "org/repo", "a.gguf", "../../x"),
    ])
    func brokenHubFiles(name: String, repository: String, file: String, revision: String) throws {
        let folder = try TemporaryFolder()
        let store = try store(folder)
        let error = #expect(throws: HubError.self, "\(name)") {
            try store.pull(
                .huggingFace(repository: repository, file: file, revision: revision))
        }
        if case .badSource? = error {
        } else {
            Issue.record("\(name): \(String(describing: error))")
        }
    }
}
