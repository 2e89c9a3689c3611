import Basics
import Experiments
import Store
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#endif

@Suite struct ReadOnlyStoreTests {
    private func filled() throws -> Scratch {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        try Sample.finish(
            try Sample.job(), in: store,
            events: [.metric(Sample.metric("acc", 0.5)), .sample(Sample.sample(0))])
        try store.close()
        return scratch
    }

    @Test func readingChangesNothingAndLeavesNothing() throws {
        let scratch = try filled()
        let before = scratch.bytes()
        let reader = try ReadOnlyStore(path: scratch.database)
        #expect(try reader.snapshot().attempts.count == 1)
        #expect(try scratch.files() == ["runs.sqlite"])
        reader.close()
        #expect(scratch.bytes() == before)
        #expect(try scratch.files() == ["runs.sqlite"])
        #expect(
            message { try reader.query("SELECT 1") }
                == "\(scratch.database): the database is closed."
        )
    }

    @Test func readsWhileARunnerIsWriting() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        let attempt = try store.beginAttempt(
            try Sample.job(), in: try store.beginRun(Sample.run()))
        for index in 0..<75 {
            if index == 50 { try store.record(Sample.progress(index), for: attempt) }
            try store.record(.sample(Sample.sample(index)), for: attempt)
        }

        let reader = try ReadOnlyStore(path: scratch.database)
        let count = "SELECT count(*) FROM attempt_samples"
        #expect(try reader.query(count).rows == [[.integer(50)]])
        #expect(try reader.query("SELECT status FROM attempts").rows == [[.text("running")]])
        try store.finish(attempt, outcome: .done)
        #expect(try reader.query("SELECT count(*) FROM samples").rows == [[.integer(75)]])
        reader.close()
        try store.close()
        #expect(try scratch.files() == ["runs.sqlite"])
    }

    @Test func aReaderThatStaysDoesNotHarmAWriterThatGoes() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        let reader = try ReadOnlyStore(path: scratch.database)
        try Sample.finish(try Sample.job(), in: store, events: [])
        #expect(try reader.query("SELECT count(*) FROM attempts").rows == [[.integer(1)]])
        try store.close(patience: .milliseconds(50))
        #expect(try reader.query("SELECT count(*) FROM attempts").rows == [[.integer(1)]])
        reader.close()
        try RunStore(path: scratch.database).close()
        #expect(try scratch.files() == ["runs.sqlite"])
        let after = try ReadOnlyStore(path: scratch.database)
        #expect(try after.query("SELECT status FROM attempts").rows == [[.text("done")]])
    }

    /// A copy of a file and its journal, taken while many pages are being changed.
    private func interrupted() throws -> Scratch {
        let (original, copy) = (try filled(), try Scratch())
        let database = try original.connect()
        // Pages that do not fit are written to the file before the commit.
        try database.execute("PRAGMA cache_size = 1; PRAGMA synchronous = FULL; BEGIN IMMEDIATE;")
        try database.execute(
            """
            WITH RECURSIVE numbers(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers LIMIT 500)
            INSERT INTO attempt_facts (attempt_id, name, value)
            SELECT 1, 'lost ' || n, json_quote(hex(zeroblob(500))) FROM numbers
            """)
        try original.copyAfterKill(to: copy, "-journal")
        database.rollBack()
        #expect(copy.bytes() != original.bytes())
        return copy
    }

    @Test func aHalfWrittenChangeIsTakenBack() throws {
        let copy = try interrupted()
        let reader = try ReadOnlyStore(path: copy.database)
        #expect(
            try reader.query("SELECT count(*) FROM attempt_facts WHERE name LIKE 'lost %'").rows
                == [[.integer(0)]])
        #expect(try reader.query("PRAGMA quick_check").rows == [[.text("ok")]])
        #expect(try reader.query("SELECT count(*) FROM samples").rows == [[.integer(1)]])
        reader.close()
        #expect(try copy.files() == ["runs.sqlite"])
    }

    /// A file in log mode without its log, as when only the one file was copied or committed.
    private func makeLogMode(_ scratch: Scratch) throws {
        let database = try scratch.connect()
        _ = try database.value("PRAGMA journal_mode = WAL")
        database.close()
        #expect(try scratch.files() == ["runs.sqlite"])
    }

    @Test func aFileInLogModeWithoutALogIsReadWithoutCompanions() throws {
        let scratch = try filled()
        try makeLogMode(scratch)
        let reader = try ReadOnlyStore(path: scratch.database)
        #expect(try reader.query("SELECT count(*) FROM samples").rows == [[.integer(1)]])
        #expect(try scratch.files() == ["runs.sqlite"])
        // Nobody may write what is being read without locks.
        #expect(
            message { try RunStore(path: scratch.database, patience: .zero) }
                .contains("another `billion run` is writing"))
        reader.close()
        try RunStore(path: scratch.database).close()
        #expect(try scratch.files() == ["runs.sqlite"])
    }

    #if os(Linux)
        /// Runs as somebody who may not write to the folder, also where the tests run as root.
        private func withoutRights(in scratch: Scratch, _ body: () throws -> Void) throws {
            typealias SetUser = @convention(c) (UInt32) -> Int32
            let symbol = try #require(dlsym(nil, "setfsuid"))
            let setUser = unsafeBitCast(symbol, to: SetUser.self)
            let manager = FileManager.default
            for file in try scratch.files() {
                try manager.setAttributes(
                    [.posixPermissions: 0o444], ofItemAtPath: "\(scratch.folder)/\(file)")
            }
            try manager.setAttributes(
                [.posixPermissions: 0o555], ofItemAtPath: scratch.folder)
            let user = UInt32(bitPattern: setUser(geteuid() == 0 ? 65_534 : geteuid()))
            defer {
                _ = setUser(user)
                try? manager.setAttributes(
                    [.posixPermissions: 0o755], ofItemAtPath: scratch.folder)
            }
            #expect(open(scratch.folder + "/new", O_CREAT | O_WRONLY, 0o644) == -1)
            try body()
        }

        @Test(arguments: [false, true])
        func readsInAReadOnlyFolder(logMode: Bool) throws {
            let scratch = try filled()
            if logMode { try makeLogMode(scratch) }
            try withoutRights(in: scratch) {
                let reader = try ReadOnlyStore(path: scratch.database)
                #expect(try reader.query("SELECT count(*) FROM samples").rows == [[.integer(1)]])
                #expect(try reader.snapshot().digests.count == 1)
                #expect(
                    message { try RunStore(path: scratch.database) }
                        == "\(scratch.database): cannot be opened: Permission denied.")
            }
            #expect(try scratch.files() == ["runs.sqlite"])
        }

        @Test func aHalfWrittenChangeInAReadOnlyFolderIsExplained() throws {
            let copy = try interrupted()
            try withoutRights(in: copy) {
                #expect(
                    message { try ReadOnlyStore(path: copy.database) }.contains(
                        "runs.sqlite-journal has to be played back, and this file or folder "
                            + "cannot be written."))
            }
            #expect(try copy.files() == ["runs.sqlite", "runs.sqlite-journal"])
        }

        @Test func aLeftoverLogInAReadOnlyFolderIsExplained() throws {
            let (original, copy) = (try Scratch(), try Scratch())
            let store = try RunStore(path: original.database)
            try Sample.finish(try Sample.job(), in: store, events: [])
            try original.copyAfterKill(to: copy)
            try withoutRights(in: copy) {
                #expect(
                    message { try ReadOnlyStore(path: copy.database) }
                        == "\(copy.database): a run was stopped before it could tidy up, part of "
                        + "the results are in \(copy.database)-wal, and this folder cannot be "
                        + "written. Copy both files to a folder that can be written and use --db "
                        + "there.")
            }
        }
    #endif
}
