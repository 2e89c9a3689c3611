import Basics
import TestSupport
import Testing

@Suite struct FileSystemTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [
        ("/a/b", "/a", "b"), ("/a", "/", "a"), ("b", ".", "b"), ("a/b/c.gguf", "a/b", "c.gguf"),
    ])
    func partsOfAPath(path: String, parent: String, name: String) {
        #expect(FileSystem.folder(of: path) == parent)
        #expect(FileSystem.name(of: path) == name)
    }

    @Test func writingReplacesAndLeavesNothingElse() throws {
        for text in ["first", "second, and longer", ""] {
            try folder.write(text, to: "deep/er/file")
            #expect(try folder.text(of: "deep/er/file") == text)
        }
        #expect(try FileSystem.names(in: folder["deep/er"]) == ["file"])
    }

    @Test func aFailedWriteKeepsTheOldFile() throws {
        try folder.write("old", to: "file")
        // The destination is a folder: the rename fails after the bytes are written.
        try folder.write("x", to: "busy/inside")
        #expect(throws: BasicsError.self) {
            try FileSystem.write([1, 2, 3], atomicallyTo: folder["busy"])
        }
        #expect(try FileSystem.names(in: folder.path) == ["busy", "file"])
        #expect(try folder.text(of: "file") == "old")
    }

    @Test func removeTakesFoldersLinksAndNothing() throws {
        try folder.write("x", to: "tree/a/b/c")
        try folder.write("kept", to: "outside")
        _ = try Subprocess("ln", ["-s", folder["outside"], folder["tree/link"]]).run()
        #expect(FileSystem.sizeOfTree(folder["tree"]) >= 1)
        try FileSystem.remove(folder["tree"])
        try FileSystem.remove(folder["tree"])
        #expect(try FileSystem.names(in: folder.path) == ["outside"])
    }

    @Test func errorsSayWhereWhatAndWhy() {
        #expect(throws: BasicsError.system(place: "/no/such", attempt: "open the file", code: 2)) {
            try FileSystem.read("/no/such")
        }
        let error = BasicsError.system(place: "/no/such", attempt: "open the file", code: 2)
        #expect(error.description == "/no/such: cannot open the file: No such file or directory.")
    }

    @Test func freeSpaceIsKnownForWhatDoesNotExistYet() throws {
        #expect(try FileSystem.freeBytes(at: folder["not/yet/here"]) > 0)
    }

    @Test func aDigestIsRememberedUntilTheFileChanges() throws {
        let cache = DigestCache(folder: folder["digests"])
        try folder.write("hello", to: "file")
        let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        #expect(try cache.digest(of: folder["file"]) == hello)
        // Too fresh to be remembered: a second write in the same instant could go unseen.
        #expect(!FileSystem.exists(folder["digests"]))
    }

    @Test(.timeLimit(.minutes(15)))
    func aRememberedDigestIsDroppedWhenTheFileChanges() throws {
        let cache = DigestCache(folder: folder["digests"])
        try folder.write("hello", to: "file")
        _ = try Subprocess("sleep", ["3"]).run()
        let first = try cache.digest(of: folder["file"])
        let notes = try FileSystem.names(in: folder["digests"])
        #expect(notes.count == 1)
        // What is remembered is used: a forged note is believed.
        let note = try folder.text(of: "digests/" + notes[0])
        let forged = note.replacing(first, with: String(repeating: "a", count: 64))
        try folder.write(forged, to: "digests/" + notes[0])
        #expect(try cache.digest(of: folder["file"]) == String(repeating: "a", count: 64))
        // Same size, and the old modification time put back: the change time gives it away.
        _ = try Subprocess(
            "sh",
            ["-c", "touch -r \"$1\" \"$1.t\"; printf jello >\"$1\"; touch -r \"$1.t\" \"$1\""]
                + ["sh", folder["file"]]
        ).run()
        #expect(try cache.digest(of: folder["file"]) == SHA256.hex("jello"))
        try folder.write("no digest at all", to: "digests/" + notes[0])
        #expect(try cache.digest(of: folder["file"]) == SHA256.hex("jello"))
    }
}
