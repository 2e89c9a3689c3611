import Basics
import TestSupport
import Testing

@testable import Hub

/// One file from a hub of the test's own, over curl.
@Suite(
    .enabled(if: realPython != nil, needsPython), .enabled(if: hasCurl, needsCurl),
    .timeLimit(.minutes(15)))
struct HubFileTests {
    private let hub: HubHome

    init() throws { hub = try HubHome() }

    @Test(arguments: ["plain", "direct", "moved", "busy"])
    func aFileComesWholeAndChecked(behaviour: String) throws {
        let store = try hub.store(behaviour)
        var steps: [PullProgress] = []
        #expect(try store.pull(HubHome.location) { steps.append($0) } == hub.place)
        #expect(try FileSystem.read(hub.place) == HubHome.content)
        #expect(try hub.blobs() == [HubHome.digest])
        #expect(FileSystem.target(ofLink: hub.place) == "../../../blobs/\(HubHome.digest)")
        #expect(
            try FileSystem.read("\(hub.repository)/refs/refs/pr/1")
                == Array(HubServer.commit.utf8))
        #expect(steps.contains(.downloading(300_000, of: 300_000)))
        #expect(
            try hub.server.log().first
                == "hub HEAD /\(behaviour)/org/repo/resolve/refs%2Fpr%2F1/sub%20folder/model.gguf "
                + "- -")
        let requests = try hub.server.log().count
        #expect(try store.pull(HubHome.location) == hub.place)
        #expect(try store.verify(HubHome.location).isKnown)
        #expect(try hub.server.log().count == requests, "what is here is not asked for again")
    }

    @Test func piecesComeInParallelAndOnce() throws {
        _ = try hub.store("plain", pieceBytes: 64_000).pull(HubHome.location)
        #expect(
            try hub.ranges().sorted() == [
                "bytes=0-63999", "bytes=128000-191999", "bytes=192000-255999",
                "bytes=256000-299999", "bytes=64000-127999",
            ])
        #expect(try FileSystem.read(hub.place) == HubHome.content)
    }

    @Test func aBrokenTransferGoesOnWhereItStopped() throws {
        _ = try hub.store("breaks", pieceBytes: 300_000).pull(HubHome.location)
        #expect(try FileSystem.read(hub.place) == HubHome.content)
        #expect(try hub.ranges() == ["-", "bytes=100000-299999", "bytes=200000-299999"])
    }

    @Test func theNextPullGoesOnAfterOneThatFailed() throws {
        let store = try hub.store("stuck", pieceBytes: 200_000, connections: 1)
        let error = #expect(throws: HubError.self) { try store.pull(HubHome.location) }
        #expect(
            error?.description
                == "org/repo/sub folder/model.gguf: the transfer broke off after 50000 bytes of "
                + "300000. Run the same command again: it goes on from there.")
        #expect(try store.locate(HubHome.location) == nil)
        #expect(!FileSystem.exists(hub.snapshot))
        try hub.server.behave("plain")
        #expect(try store.pull(HubHome.location) == hub.place)
        #expect(try hub.ranges().suffix(2) == ["bytes=50000-199999", "bytes=200000-299999"])
        #expect(try FileSystem.read(hub.place) == HubHome.content)
        #expect(try hub.blobs() == [HubHome.digest])
    }

    /// Two attempts in three fail in some way; the pieces that came are kept.
    @Test func aFlakyHubIsOutlasted() throws {
        try hub.server.behave("flaky")
        let store = try hub.store("flaky", pieceBytes: 20_000)
        var pulled: String?
        for _ in 0..<100 where pulled == nil { pulled = try? store.pull(HubHome.location) }
        #expect(pulled == hub.place)
        #expect(try FileSystem.read(hub.place) == HubHome.content)
        #expect(try hub.blobs() == [HubHome.digest])
    }

    @Test func aServerWithoutRangesSendsItWhole() throws {
        #expect(try hub.store("norange").pull(HubHome.location) == hub.place)
        #expect(try FileSystem.read(hub.place) == HubHome.content)
        #expect(try hub.ranges().last == "-")
    }

    @Test func withoutRangesABrokenTransferBeginsAgain() throws {
        let store = try hub.store("norangebreaks")
        #expect(throws: HubError.self) { try store.pull(HubHome.location) }
        #expect(try store.locate(HubHome.location) == nil)
        try hub.server.behave("norange")
        #expect(try store.pull(HubHome.location) == hub.place)
        #expect(try FileSystem.read(hub.place) == HubHome.content)
    }

    @Test(arguments: ["wrong", "flip"]) func wrongBytesAreRefusedAndNotKept(behaviour: String)
        throws
    {
        let store = try hub.store(behaviour)
        let error = #expect(throws: HubError.self) { try store.pull(HubHome.location) }
        let expected = behaviour == "wrong" ? String(repeating: "b", count: 64) : HubHome.digest
        #expect(
            error?.description.hasPrefix(
                "org/repo/sub folder/model.gguf: expected SHA-256 \(expected), found ") == true)
        #expect(try hub.blobs().isEmpty)
        #expect(!FileSystem.exists(hub.snapshot))
    }

    @Test func aDamagedBeginningIsFetchedAgain() throws {
        let store = try hub.store("stuck", pieceBytes: 300_000)
        #expect(throws: HubError.self) { try store.pull(HubHome.location) }
        let part = hub.blob + ".billion.incomplete"
        var bytes = try FileSystem.read(part)
        #expect(bytes.count == 50_000)
        bytes[777] ^= 4
        try FileSystem.write(bytes, atomicallyTo: part)
        try hub.server.behave("plain")
        #expect(try store.pull(HubHome.location) == hub.place)
        #expect(try FileSystem.read(hub.place) == HubHome.content)
        #expect(try hub.ranges().suffix(2) == ["bytes=50000-299999", "-"])
    }

    @Test func aFlippedByteInTheCacheIsCaught() throws {
        let store = try hub.store("plain")
        _ = try store.pull(HubHome.location)
        var bytes = HubHome.content
        bytes[200_000] ^= 128
        try FileSystem.write(bytes, atomicallyTo: hub.blob)
        #expect(throws: HubError.self) { try store.verify(HubHome.location) }
        #expect(try store.locate(HubHome.location) == nil)
        var steps: [PullProgress] = []
        #expect(try store.pull(HubHome.location) { steps.append($0) } == hub.place)
        #expect(steps.first == .replacing(path: hub.place))
        #expect(try FileSystem.read(hub.place) == HubHome.content)
    }

    @Test(arguments: [
        ("shifted", "does not answer as the model hub does: another part. Check HF_ENDPOINT"),
        ("long", "more bytes than the 300000 announced"),
        ("noetag", "no digest (ETag)"),
        ("nocommit", "no commit (X-Repo-Commit)"),
        ("loop", "more than 10 redirects"),
        ("refused", "not authorised (403)"),
        ("huge", "not enough space, 1000.0 TB needed"),
    ])
    func impossibleAnswers(behaviour: String, expected: String) throws {
        let store = try hub.store(behaviour)
        let error = #expect(throws: HubError.self) { try store.pull(HubHome.location) }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
        #expect(try store.locate(HubHome.location) == nil)
    }

    @Test func filesThatCouldRunCodeAreNeverFetched() throws {
        for file in ["pytorch_model.bin", "a/model.PT", "x.pkl", "modeling.py", "x.ckpt"] {
            let error = #expect(throws: HubError.self) {
                try hub.store("plain").pull(
                    .huggingFace(repository: "org/repo", file: file, revision: "main"))
            }
            #expect(error?.description.contains("Such files are not fetched") == true)
        }
        #expect(try hub.server.log().isEmpty)
    }

    @Test func filesThatAnotherProgramFetchedAreUsed() throws {
        _ = try hub.store("plain").pull(HubHome.location)
        let requests = try hub.server.log().count
        // As the hub's own client leaves it elsewhere: HF_HUB_CACHE moves the folder.
        let elsewhere = hub.home["elsewhere"]
        #expect(try Subprocess("mv", [hub.cache, elsewhere]).run().succeeded)
        let store = try hub.store(
            "plain", ["HF_HUB_CACHE": "$HOME/elsewhere", "HF_HUB_OFFLINE": "1"])
        #expect(
            try store.pull(HubHome.location)
                == hub.place.replacing(prefix: hub.cache, with: elsewhere))
        #expect(try hub.server.log().count == requests)
    }

    @Test func aBlobOfAnotherRevisionIsNotFetchedAgain() throws {
        let store = try hub.store("plain")
        _ = try store.pull(HubHome.location)
        let other = ModelLocation.huggingFace(
            repository: "org/repo", file: "other.gguf", revision: "main")
        #expect(try store.pull(other) == "\(hub.snapshot)/other.gguf")
        #expect(try hub.server.log().last?.hasPrefix("hub HEAD") == true)
        #expect(try hub.blobs().count == 1)
    }
}

extension String {
    fileprivate func replacing(prefix: String, with other: String) -> String {
        hasPrefix(prefix) ? other + dropFirst(prefix.count) : self
    }
}
