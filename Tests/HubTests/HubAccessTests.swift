import Basics
import TestSupport
import Testing

@testable import Hub

/// Who may fetch what, with which token, over which network.
@Suite(
    .enabled(if: realPython != nil, needsPython), .enabled(if: hasCurl, needsCurl),
    .timeLimit(.minutes(15)))
struct HubAccessTests {
    private let hub: HubHome

    init() throws { hub = try HubHome() }

    private static let tokens = "https://huggingface.co/settings/tokens"

    /// The four that people meet (gated, unauthorised, missing, offline) and the rest.
    @Test(arguments: [
        (
            "gated", "",
            "org/repo: gated: its owner gives access on request. Ask for access at PAGE, make a "
                + "token for that account at \(tokens), set HF_TOKEN to it and run the same "
                + "command again."
        ),
        (
            "gated403", "hf_x",
            "org/repo: gated: its owner gives access on request. The token in HF_TOKEN belongs to "
                + "an account without it: ask for access at PAGE with that account and run the "
                + "same command again."
        ),
        (
            "badtoken", "hf_x",
            "org/repo: the hub does not accept the token in HF_TOKEN. Make a new one at \(tokens) "
                + "and set HF_TOKEN to it; public repositories need none."
        ),
        (
            "401", "",
            "org/repo: not authorised (401). It may be private, gated or misspelt: look at PAGE, "
                + "and set HF_TOKEN to a token of an account that may read it."
        ),
        (
            "403", "hf_x",
            "org/repo: not authorised (403). The token in HF_TOKEN does not open it: ask for "
                + "access at PAGE"
        ),
        (
            "norepo", "",
            "org/repo: no such repository on the hub. Check the name; a private one is only seen "
                + "with HF_TOKEN set."
        ),
        (
            "norepo404", "hf_x",
            "org/repo: no such repository on the hub. Check the name; a private one needs the "
                + "token of an account that may read it."
        ),
        (
            "404", "",
            "org/repo: nothing there for 'sub folder/model.gguf' at revision 'refs/pr/1' (404). "
                + "Check the three names."
        ),
        (
            "noentry", "",
            "org/repo: no file 'sub folder/model.gguf' at revision 'refs/pr/1'. Check the name on "
                + "the repository's page."
        ),
        (
            "norevision", "",
            "org/repo: no revision 'refs/pr/1'. Use a branch, a tag or a commit; the default is "
                + "'main'."
        ),
        (
            "429", "",
            "org/repo/sub folder/model.gguf: too many requests (429). Wait some minutes and run "
                + "the same command again; with HF_TOKEN set the hub allows more."
        ),
        (
            "500", "",
            "org/repo/sub folder/model.gguf: the server answered with status 500. Run the same "
                + "command again later."
        ),
        (
            "never", "",
            "org/repo/sub folder/model.gguf: the transfer broke off after 0 bytes of 300000. Run "
                + "the same command again: it goes on from there."
        ),
    ])
    func whatTheHubSays(behaviour: String, token: String, expected: String) throws {
        let store = try hub.store(behaviour, token.isEmpty ? [:] : ["HF_TOKEN": token])
        let error = #expect(throws: HubError.self) { try store.pull(HubHome.location) }
        let page = "\(hub.server.address)/\(behaviour)/org/repo"
        let sentence = error?.description ?? ""
        #expect(
            sentence == expected.split(separator: "PAGE").joined(separator: page)
                + (expected.hasSuffix("PAGE") ? page : ""))
        #expect(token.isEmpty || !sentence.contains(token))
        #expect(try store.locate(HubHome.location) == nil)
    }

    @Test func theTokenGoesToTheHubAndToNoOther() throws {
        _ = try hub.store("plain", ["HF_TOKEN": " hf_\"se\\cret\n"]).pull(HubHome.location)
        let log = try hub.server.log()
        let (own, other) = (log.filter { $0.hasPrefix("hub") }, log.filter { $0.hasPrefix("cdn") })
        #expect(own.count == 4 && other.count == 3)
        #expect(own.allSatisfy { $0.hasSuffix(" Bearer hf_\"se\\cret") })
        #expect(other.allSatisfy { $0.hasSuffix(" -") })
    }

    @Test func theTokenFileIsRead() throws {
        try hub.home.write("hf_from_file\n", to: ".cache/huggingface/token")
        _ = try hub.store("plain").pull(HubHome.location)
        #expect(try hub.server.log().first?.hasSuffix(" Bearer hf_from_file") == true)
        let error = #expect(throws: HubError.self) {
            try hub.store("badtoken").pull(
                .huggingFace(repository: "org/repo", file: "x.gguf", revision: "main"))
        }
        #expect(error?.description.contains("the token in the hub's token file") == true)
        try FileSystem.remove(hub.repository)
        _ = try hub.store("plain", ["HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"]).pull(HubHome.location)
        #expect(try hub.server.log().last?.hasSuffix(" -") == true)
    }

    @Test func aProxyIsUsed() throws {
        let store = try hub.store(
            "plain",
            ["HF_ENDPOINT": "http://hub.invalid/plain", "http_proxy": hub.server.address])
        // The proxy answers for the hub, and the hub sends us on to the second server.
        #expect(throws: HubError.self) { try store.pull(HubHome.location) }
        #expect(
            try hub.server.log().first
                == "hub HEAD http://hub.invalid/plain/org/repo/resolve/refs%2Fpr%2F1/"
                + "sub%20folder/model.gguf - -")
    }

    @Test func offline() throws {
        // A port that nobody listens on.
        let store = try hub.store("plain", ["HF_ENDPOINT": "http://127.0.0.1:1"])
        let error = #expect(throws: HubError.self) { try store.pull(HubHome.location) }
        #expect(
            error?.description.hasPrefix(
                "http://127.0.0.1:1 (org/repo/sub folder/model.gguf): cannot be reached (curl: (7) "
            )
                == true)
        #expect(error?.description.contains("Check the network and the proxy settings") == true)
    }

    /// With a stand-in for curl that would leave a trace: nothing is even started.
    @Test(arguments: ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
    func offlineByChoice(variable: String) throws {
        try hub.home.writeScript("#!/bin/sh\ntouch \"$HOME/called\"\n", to: "bin/curl")
        let variables = [variable: "1", "PATH": hub.home["bin"] + ":/usr/bin:/bin"]
        let store = try hub.store("plain", variables)
        #expect(throws: HubError.offlineByChoice(source: "org/repo/sub folder/model.gguf")) {
            try store.pull(HubHome.location)
        }
        #expect(throws: HubError.offlineByChoice(source: "org/repo")) {
            try store.pull(.catalog("made-up"))
        }
        #expect(!FileSystem.exists(hub.home["called"]))
        #expect(try hub.server.log().isEmpty)
    }

    @Test func withoutCurlTheSentenceNamesTheCommand() throws {
        let store = try hub.store("plain", ["PATH": hub.home["empty"]])
        let error = #expect(throws: HubError.programMissing("curl")) {
            try store.pull(HubHome.location)
        }
        #expect(error?.description.contains("install curl") == true)
    }
}
