import Basics
import TestSupport
import Testing

@testable import Hub

/// A whole model in the hub's own form.
@Suite(
    .enabled(if: realPython != nil, needsPython), .enabled(if: hasCurl, needsCurl),
    .timeLimit(.minutes(15)))
struct HubSnapshotTests {
    private let hub: HubHome
    private let location = ModelLocation.catalog("made-up")

    init() throws { hub = try HubHome() }

    private static let files = [
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
    ]

    @Test func whatAModelNeedsIsFetchedAndNothingElse() throws {
        let store = try hub.store("plain")
        #expect(store.list().map(\.path) == [nil])
        var steps: [PullProgress] = []
        #expect(try store.pull(location) { steps.append($0) } == hub.snapshot)
        #expect(try FileSystem.names(in: hub.snapshot) == Self.files)
        #expect(try FileSystem.read("\(hub.snapshot)/model.safetensors") == HubHome.content)
        #expect(
            FileSystem.target(ofLink: "\(hub.snapshot)/config.json")?.hasPrefix("../../blobs/")
                == true)
        #expect(try hub.server.log().allSatisfy { !$0.contains("pytorch") && !$0.contains(".py") })
        #expect(steps.first == .asking)
        let total = try Self.files.reduce(0) {
            $0 + (try FileSystem.size(of: "\(hub.snapshot)/\($1)"))
        }
        #expect(steps.contains(.downloading(total, of: total)))

        let requests = try hub.server.log().count
        #expect(try store.pull(location) == hub.snapshot)
        #expect(store.list().map(\.path) == [hub.snapshot])
        let verification = try store.verify(location)
        #expect(verification.isKnown)
        #expect(try store.digest(of: hub.snapshot) == verification.sha256)
        #expect(try hub.server.log().count == requests)
    }

    @Test func weightsInPartsComeAllOrNotAtAll() throws {
        #expect(try hub.store("shards").pull(location) == hub.snapshot)
        let names = try FileSystem.names(in: hub.snapshot)
        #expect(names.filter { $0.hasSuffix(".safetensors") }.count == 2)
        try FileSystem.remove("\(hub.snapshot)/model-00002-of-00002.safetensors")
        let store = try hub.store("shards")
        #expect(try store.locate(location) == nil)
        #expect(try store.pull(location) == hub.snapshot)
    }

    @Test(arguments: [
        ("pickle", "its weights are there as pickle files only. Reading those can run code"),
        ("noweights", "there are no weights in safetensors."),
        ("lostshard", "some parts of its weights are missing."),
        ("gated", "gated: its owner gives access on request."),
        ("norevision", "no revision 'main'."),
    ])
    func whatCannotBeUsedIsNotBegun(behaviour: String, expected: String) throws {
        let error = #expect(throws: HubError.self) { try hub.store(behaviour).pull(location) }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
        #expect(!FileSystem.exists(hub.cache))
    }

    @Test func aSmallFileIsCheckedToo() throws {
        let error = #expect(throws: HubError.self) { try hub.store("smallflip").pull(location) }
        #expect(error?.description.contains(": expected git SHA-1 ") == true)
        #expect(try hub.store("plain").locate(location) == nil)

        let store = try hub.store("plain")
        _ = try store.pull(location)
        let path = "\(hub.snapshot)/config.json"
        try FileSystem.write(
            Array("{}".utf8),
            atomicallyTo: "\(hub.snapshot)/\(FileSystem.target(ofLink: path) ?? "")")
        #expect(throws: HubError.self) { try store.verify(location) }
        #expect(try store.locate(location) == nil)
        #expect(try store.pull(location) == hub.snapshot)
        #expect(try FileSystem.size(of: path) > 2)
    }

    @Test func anotherModelHasAnotherDigest() throws {
        let store = try hub.store("plain")
        let folder = try store.pull(location)
        let before = try store.digest(of: folder)
        try FileSystem.remove("\(folder)/generation_config.json")
        let without = try store.digest(of: folder)
        #expect(before != without)
        try FileSystem.write([1], atomicallyTo: "\(folder)/README.md")
        #expect(try store.digest(of: folder) == without)
    }
}

@Suite struct SnapshotFilesTests {
    @Test(arguments: [
        ("model-00002-of-00005.safetensors", 2, 5), ("model-00005-of-00005.safetensors", 5, 5),
    ])
    func parts(name: String, number: Int, count: Int) throws {
        let shard = try #require(SnapshotFiles.shard(name))
        #expect(shard.number == number && shard.count == count)
    }

    @Test(arguments: [
        "model.safetensors", "model-00006-of-00005.safetensors", "model-2-of-5.safetensors",
        "model-00000-of-00001.safetensors", "pytorch_model-00001-of-00002.bin",
    ])
    func noParts(name: String) { #expect(SnapshotFiles.shard(name) == nil) }
}
