import Basics
import TestSupport
import Testing

@testable import Hub

/// Datasets from archives, folders and files that the user has.
@Suite(.enabled(if: realPython != nil, needsPython)) struct DatasetStoreTests {
    private let folder: TemporaryFolder
    private let store: DatasetStore

    init() throws {
        folder = try TemporaryFolder()
        let environment = ["HOME": folder["home"], "PATH": "/usr/local/bin:/usr/bin:/bin"]
        store = DatasetStore(paths: try Paths(environment: environment), environment: environment)
        let make = """
            import gzip, io, os, sys, tarfile
            root = sys.argv[1]
            files = {
                'data/dev/a_dev.csv': b'1', 'data/test/a_test.csv': b'2' * 600,
                'data/test/._a_test.csv': b'3', 'data/val/a_val.csv': b'4',
                'data/dev/' + 'n' * 120 + '_dev.csv': b'5', '../escaped_dev.csv': b'6',
            }
            for kind, name in ((tarfile.GNU_FORMAT, 'gnu.tar'), (tarfile.PAX_FORMAT, 'pax.tar')):
                with tarfile.open(os.path.join(root, name), 'w', format=kind) as tar:
                    link = tarfile.TarInfo('data/dev/link_dev.csv')
                    link.type, link.linkname = tarfile.SYMTYPE, '/etc/passwd'
                    tar.addfile(link)
                    for path, data in files.items():
                        entry = tarfile.TarInfo(path)
                        entry.size = len(data)
                        tar.addfile(entry, io.BytesIO(data))
            for name in list(files)[:2] + list(files)[4:5]:
                path = os.path.join(root, 'unpacked', name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                open(path, 'wb').write(files[name])
            with gzip.open(os.path.join(root, 'one.jsonl.gz'), 'wb') as file: file.write(b'{}')
            """
        let outcome = try Subprocess(realPython ?? "python3", ["-c", make, folder.path]).run()
        try #require(outcome.succeeded, "\(outcome.errorText)")
    }

    private static let names = [
        "dev/a_dev.csv", "dev/\(String(repeating: "n", count: 120))_dev.csv", "test/a_test.csv",
    ]

    private let subjects: KnownDataset = {
        let contents = ["1", "5", String(repeating: "2", count: 600)]
        let lines = zip(names, contents).map { "\($0)\0\(SHA256.hex($1))\n" }
        return KnownDataset(
            name: "quiz", source: .hub(repository: "org/quiz", file: "data.tar"),
            content: .subjects(sha256: SHA256.hex(lines.joined())))
    }()

    @Test(arguments: ["gnu.tar", "pax.tar", "unpacked"])
    func subjectsComeFromWhatTheUserHas(source: String) throws {
        let place = try store.pull(subjects, from: folder[source])
        #expect(place == folder["home/.cache/billion-llm/datasets/quiz"])
        #expect(try FileSystem.names(in: "\(place)/test") == ["a_test.csv"])
        #expect(try FileSystem.read("\(place)/test/a_test.csv").count == 600)
        #expect(try FileSystem.names(in: "\(place)/dev").count == 2)
        #expect(try FileSystem.names(in: store.folder) == ["quiz", "quiz.lock"])
        // What is here and right is not looked for again.
        #expect(try store.pull(subjects, from: folder["nowhere"]) == place)
    }

    @Test func aSingleFileIsUnpacked() throws {
        let dataset = KnownDataset(
            name: "one", source: .hub(repository: "org/one", file: "x"),
            content: .file("one.jsonl", sha256: SHA256.hex("{}")))
        for source in [folder["one.jsonl.gz"], folder.path] {
            let place = try store.pull(dataset, from: source)
            #expect(try FileSystem.read("\(place)/one.jsonl") == Array("{}".utf8))
            try FileSystem.remove(place)
        }
    }

    @Test func otherDataIsRefused() throws {
        let damaged = try FileSystem.read(folder["gnu.tar"])
        for (name, expected, bytes) in [
            ("flipped", "is not the published data", damaged.replacing(1024)),
            ("header", "is damaged", damaged.replacing(3)),
            ("cut", "not a readable tar archive", Array(damaged.prefix(2000))),
            ("empty", "not a readable tar archive", []),
        ] {
            try FileSystem.write(bytes, atomicallyTo: folder[name])
            let error = #expect(throws: HubError.self) {
                try store.pull(subjects, from: folder[name])
            }
            #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
            #expect(!FileSystem.exists(folder["home/.cache/billion-llm/datasets/quiz"]))
        }
    }

    @Test func theRealOnesFromTheSharedData() throws {
        if let mmlu = SharedData.path("data/mmlu") {
            let place = try store.pull(.mmlu, from: mmlu)
            #expect(try FileSystem.names(in: "\(place)/test").count == 57)
        }
        if let file = SharedData.path("data/HumanEval.jsonl.gz") {
            let place = try store.pull(.humanEval, from: file)
            #expect(try FileSystem.names(in: place) == ["HumanEval.jsonl"])
        }
    }
}

extension [UInt8] {
    /// With one bit flipped.
    fileprivate func replacing(_ index: Int) -> [UInt8] {
        var copy = self
        copy[index] ^= 1
        return copy
    }
}
