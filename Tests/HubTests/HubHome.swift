import Basics
import TestSupport
import Testing

@testable import Hub

let needsCurl: Comment = "curl is not here"
let hasCurl = Subprocess.find("curl") != nil

/// A user of the stand-in hub: a home of their own, and stores that see the hub in one way.
struct HubHome {
    let server: HubServer
    let home: TemporaryFolder

    init(_ server: HubServer? = nil) throws {
        self.server = try server ?? HubServer()
        home = try TemporaryFolder()
    }

    static let content = HubServer.content()

    static let location = ModelLocation.huggingFace(
        repository: "org/repo", file: "sub folder/model.gguf", revision: "refs/pr/1")

    /// A model of the catalog whose repository the server has.
    static let model = CatalogModel(
        name: "made-up", aliases: [], license: "MIT", access: .gated, shape: tinyShape,
        source: .hub(HubSource("org/repo")))

    /// - Parameter connections: one where the order of requests is looked at.
    func store(
        _ behaviour: String, _ variables: [String: String] = [:], pieceBytes: Int64 = 100_000,
        connections: Int = 4
    ) throws -> ModelStore {
        var environment = ["HOME": home.path, "PATH": "/usr/local/bin:/usr/bin:/bin"]
        environment["HF_ENDPOINT"] = server.address + "/" + behaviour + "/"
        environment.merge(variables) { $1 }
        let pace = HubPace(
            smallestPiece: pieceBytes, largestPiece: pieceBytes, connections: connections,
            attempts: 4, firstPause: .zero, longestPause: .zero)
        return ModelStore(
            paths: try Paths(environment: environment), environment: environment,
            catalog: [Self.model], pace: pace)
    }

    var cache: String { home[".cache/huggingface/hub"] }
    var repository: String { "\(cache)/models--org--repo" }
    var snapshot: String { "\(repository)/snapshots/\(HubServer.commit)" }
    var place: String { "\(snapshot)/sub folder/model.gguf" }
    var blob: String { "\(repository)/blobs/\(Self.digest)" }
    static let digest: String = {
        var hash = SHA256()
        hash.update(content)
        return hash.hexDigest()
    }()

    func blobs() throws -> [String] { try FileSystem.names(in: "\(repository)/blobs") }

    /// The ranges that the bytes were asked for in, from the second server.
    func ranges() throws -> [String] {
        try server.log().filter { $0.hasPrefix("cdn GET") }
            .map { String($0.split(separator: " ")[3]) }
    }
}
