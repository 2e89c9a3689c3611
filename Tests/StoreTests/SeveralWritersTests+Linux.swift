#if os(Linux)
    import Basics
    import Glibc
    import Store
    import TestSupport
    import Testing

    /// A process of the program `StoreWriter`.
    private final class WriterProcess {
        private let process: pid_t

        init(_ arguments: String...) throws {
            let program = try Self.program()
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
            let words = ([program] + arguments).map { strdup($0) } + [nil]
            defer { for word in words { free(word) } }
            var started: pid_t = 0
            let code = posix_spawn(&started, program, &actions, nil, words, environ)
            try #require(code == 0, "\(program): \(String(cString: strerror(code)))")
            process = started
        }

        func kill() { _ = Glibc.kill(process, SIGKILL) }

        /// The exit code, or the negative signal.
        func wait() -> Int32 {
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0, errno == EINTR {}
            return status & 0x7f == 0 ? status >> 8 & 0xff : -(status & 0x7f)
        }

        /// Beside the bundle of the tests.
        private static func program() throws -> String {
            let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? ""
            let program = FileSystem.join(FileSystem.folder(of: bundle), "StoreWriter")
            try #require(FileSystem.isFile(program), "there is no \(program)")
            return program
        }
    }

    /// Processes that write one database at the same time.
    @Suite(.serialized) struct SeveralWritersTests {
        private static let commits = SharedData.runsSlowTests ? 1000 : 60

        private func rows(_ sql: String, _ scratch: Scratch) throws -> [[SQLValue]] {
            let store = try ReadOnlyStore(path: scratch.database)
            defer { store.close() }
            return try store.query(sql).rows
        }

        @Test func eightWritersLoseNothingAndNeverFindItLocked() throws {
            let scratch = try Scratch()
            let writers = try (0..<8).map {
                try WriterProcess(scratch.database, "t\($0)", "\(Self.commits)")
            }
            #expect(writers.map { $0.wait() } == Array(repeating: 0, count: 8))
            #expect(
                try rows(
                    "SELECT count(*), count(DISTINCT attempt_id), max(record_index) "
                        + "FROM attempt_records", scratch)
                    == [
                        [
                            .integer(Int64(8 * Self.commits)), .integer(8),
                            .integer(Int64(Self.commits - 1)),
                        ]
                    ])
            #expect(
                try rows("SELECT DISTINCT status FROM runs", scratch) == [[.text("finished")]])
            #expect(try rows("PRAGMA quick_check", scratch) == [[.text("ok")]])
            #expect(try scratch.files() == ["runs.sqlite"])
        }

        @Test func twoRunsDoNotMeasureOneJobTwice() throws {
            let scratch = try Scratch()
            let first = try WriterProcess(scratch.database, "same", "40", "0.05")
            try waitForRecords(in: scratch)
            #expect(try WriterProcess(scratch.database, "same", "1").wait() == 3)
            #expect(try WriterProcess(scratch.database, "other", "1").wait() == 0)
            #expect(first.wait() == 0)
            #expect(try rows("SELECT count(*) FROM attempts", scratch) == [[.integer(2)]])
        }

        /// A killed one among those that go on is told from them, and its work is taken over.
        @Test func aDeadRunIsToldFromOneThatGoesOn() throws {
            let scratch = try Scratch()
            let living = try WriterProcess(scratch.database, "long", "60", "0.05")
            try waitForRecords(in: scratch)
            let dead = try WriterProcess(scratch.database, "cut", "1000", "0.01")
            usleep(400_000)
            dead.kill()
            #expect(dead.wait() == -SIGKILL)
            let reader = try ReadOnlyStore(path: scratch.database)
            #expect(try reader.runs(limit: 9).map(\.status) == ["interrupted", "running"])
            reader.close()
            #expect(try WriterProcess(scratch.database, "cut", "70").wait() == 0)
            #expect(living.wait() == 0)
            #expect(
                try rows("SELECT status, count(*) FROM attempts GROUP BY 1 ORDER BY 1", scratch)
                    == [[.text("done"), .integer(2)], [.text("interrupted"), .integer(1)]])
            #expect(
                try rows(
                    "SELECT count(*), count(DISTINCT record_index) FROM attempt_records r "
                        + "JOIN attempts a ON a.id = r.attempt_id JOIN jobs j ON j.id = a.job_id "
                        + "WHERE j.task = 'cut' AND a.status = 'done'", scratch
                )
                .first?.first.map { $0 != .integer(0) } == true)
            #expect(try rows("PRAGMA quick_check", scratch) == [[.text("ok")]])
            #expect(try scratch.files() == ["runs.sqlite"])
        }

        /// Random blows at writers: what was committed is there once, and the rest is done again.
        @Test func killedWritersLoseNothing() throws {
            let scratch = try Scratch()
            for _ in 0..<(SharedData.runsSlowTests ? 60 : 6) {
                let writers = try (0..<3).map {
                    try WriterProcess(scratch.database, "k\($0)", "400", "0.002")
                }
                usleep(UInt32.random(in: 20_000..<400_000))
                for writer in writers {
                    writer.kill()
                    _ = writer.wait()
                }
                guard FileSystem.exists(scratch.database) else { continue }
                try RunStore(path: scratch.database).close()
                #expect(try rows("PRAGMA quick_check", scratch) == [[.text("ok")]])
                // In each job the units are one row after the other, each there once.
                #expect(
                    try rows(
                        """
                        SELECT 1 FROM attempt_records r JOIN attempts a ON a.id = r.attempt_id
                        GROUP BY a.job_id
                        HAVING count(*) <> max(record_index) + 1
                            OR count(*) <> count(DISTINCT record_index)
                        """, scratch
                    ).isEmpty)
            }
            for index in 0..<3 {
                #expect(try WriterProcess(scratch.database, "k\(index)", "400").wait() == 0)
            }
            #expect(
                try rows("SELECT count(*) FROM attempt_records", scratch) == [[.integer(1200)]])
        }

        @Test func onANetworkFileSystemOneWritesAtATime() throws {
            let scratch = try Scratch()
            let first = try WriterProcess(scratch.database, "long", "40", "0.05")
            try waitForRecords(in: scratch)
            #expect(
                message { try RunStore(path: scratch.database, network: "nfs4") }
                    == "\(scratch.database): another `billion run` is writing to it, and on a "
                    + "network file system (nfs4) only one may. Give each run a file of its own "
                    + "with --db FILE and join them with `billion merge`.")
            #expect(first.wait() == 0)
            let alone = try RunStore(path: scratch.database, network: "nfs4")
            try Sample.finish(try Sample.job(), in: alone, events: [.sample(Sample.sample(0))])
            // No log in shared memory, which other machines would not see.
            #expect(
                try scratch.files().allSatisfy { !$0.hasSuffix("-shm") && !$0.hasSuffix("-wal") })
            try alone.close()
            #expect(try scratch.files() == ["runs.sqlite"])
        }

        private func waitForRecords(in scratch: Scratch) throws {
            for _ in 0..<500 {
                usleep(20_000)
                guard let store = try? ReadOnlyStore(path: scratch.database) else { continue }
                let found = (try? store.query("SELECT 1 FROM attempt_records LIMIT 1").rows) ?? []
                store.close()
                if !found.isEmpty { return }
            }
            Issue.record("no record within ten seconds")
        }
    }
#endif
