import Experiments
import Store
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Disks that fail, are full, or cannot be written.
@Suite(.serialized) struct FaultTests {
    private static let units = 12

    /// A run of two jobs of some units each, from opening to closing.
    private func scenario(_ scratch: Scratch) throws {
        let store = try RunStore(path: scratch.database)
        let finished = try store.finishedJobs(installation: Sample.here)
        let run = try store.beginRun(Sample.run())
        for task in ["mmlu", "speed"] {
            let job = try Sample.job(task)
            if finished.contains(job.id) { continue }
            let attempt = try store.beginAttempt(job, in: run)
            let known = try store.adoptUnfinishedWork(for: attempt)
            for index in 0..<Self.units where known.samples[index] == nil {
                try store.record(.sample(Sample.sample(index)), for: attempt)
                try store.record(Sample.progress(index), for: attempt)
            }
            try store.record(.metric(Sample.metric("acc", 0.5)), for: attempt)
            try store.finish(attempt, outcome: .done)
        }
        try store.endRun(run, status: "finished")
        try store.close()
    }

    private func facts(_ scratch: Scratch) throws -> [[SQLValue]] {
        let store = try ReadOnlyStore(path: scratch.database)
        defer { store.close() }
        return try store.query(
            """
            SELECT j.task, a.digest, count(s.sample_index) FROM attempts a
            JOIN jobs j ON j.id = a.job_id LEFT JOIN attempt_samples s ON s.attempt_id = a.id
            WHERE a.status = 'done' GROUP BY a.id ORDER BY 1
            """
        ).rows
    }

    /// One after the other every call that writes or syncs fails: nothing is half written, what
    /// was committed is there, and the next run ends as if nothing had been.
    @Test func everyWriteAndSyncMayFail() throws {
        FailingFileSystem.register
        let undisturbed = try Scratch()
        FailingFileSystem.plan.withLock { $0 = .init() }
        try Database.$fileSystem.withValue(FailingFileSystem.name) { try scenario(undisturbed) }
        let calls = FailingFileSystem.plan.withLock { $0.calls }
        #expect(calls > 100)
        let expected = try facts(undisturbed)
        #expect(expected.count == 2)

        let count = SharedData.runsSlowTests ? 500 : 25
        let codes = [
            FailingFileSystem.writeError, FailingFileSystem.fullError,
            FailingFileSystem.syncError,
        ]
        var (refused, messages) = (0, Set<String>())
        for index in 0..<count {
            let scratch = try Scratch()
            let plan = FailingFileSystem.Plan(
                failsAt: SharedData.runsSlowTests
                    ? index % calls + 1 : index * (calls / count) + 1,
                keepsFailing: index % 2 == 1, code: codes[index % 3])
            FailingFileSystem.plan.withLock { $0 = plan }
            do {
                try Database.$fileSystem.withValue(FailingFileSystem.name) {
                    try scenario(scratch)
                }
            } catch {
                refused += 1
                messages.insert("\(error)".filter { !$0.isNumber })
            }
            #expect(
                FailingFileSystem.plan.withLock { $0.failures } > 0 || index % calls >= calls - 1)
            FailingFileSystem.plan.withLock { $0 = .init() }
            // The cause is gone: it goes on.
            try scenario(scratch)
            #expect(try facts(scratch) == expected, "call \(plan.failsAt ?? 0)")
            let reader = try ReadOnlyStore(path: scratch.database)
            #expect(try reader.query("PRAGMA integrity_check").rows == [[.text("ok")]])
            #expect(
                try reader.query(
                    "SELECT 1 FROM attempt_samples GROUP BY attempt_id, sample_index "
                        + "HAVING count(*) > 1"
                ).rows.isEmpty)
            reader.close()
            #expect(try scratch.files() == ["runs.sqlite"])
        }
        #expect(refused > count / 2, "\(refused) of \(count)")
        for text in messages { #expect(text.contains("SQLite error"), "\(text)") }
        print("\(count) injected failures of \(calls) calls, \(refused) refused with a message")
    }

    #if os(Linux)
        /// A tmpfs of some pages, or nil where this process may not mount.
        private func withSmallDisk(bytes: Int, _ body: (String) throws -> Void) throws -> Bool {
            let scratch = try Scratch()
            guard
                mount("none", scratch.folder, "tmpfs", 0, "size=\(bytes)") == 0
            else { return false }
            defer { umount2(scratch.folder, Int32(MNT_DETACH)) }
            try body(scratch.folder)
            return true
        }

        /// A disk fills up in the middle: a message, no damage, and after room is made it goes on.
        @Test func aFullDiskIsToldAndLeavesNoDamage() throws {
            var (runs, refused) = (0, 0)
            for index in 0..<(SharedData.runsSlowTests ? 30 : 4) {
                let pages = 30 + index * (SharedData.runsSlowTests ? 4 : 25)
                let wasMounted = try withSmallDisk(bytes: pages * 4096) { folder in
                    let path = folder + "/runs.sqlite"
                    do {
                        try fill(path)
                    } catch {
                        refused += 1
                        let text = "\(error)"
                        #expect(
                            text.contains("disk is full") || text.contains("I/O error")
                                || text.contains("No space left"), "\(text)")
                    }
                    // More room: the same file goes on.
                    #expect(mount("none", folder, "tmpfs", UInt(MS_REMOUNT), "size=67108864") == 0)
                    try fill(path)
                    let reader = try ReadOnlyStore(path: path)
                    #expect(try reader.query("PRAGMA integrity_check").rows == [[.text("ok")]])
                    #expect(
                        try reader.query("SELECT count(*) FROM samples").rows == [[.integer(200)]])
                    reader.close()
                    runs += 1
                }
                guard wasMounted else {
                    print("skipped: this process may not mount a tmpfs (that takes root)")
                    return
                }
            }
            #expect(refused > 0)
            print("\(runs) full disks, \(refused) refused with a message")
        }

        /// One job with 200 samples, gone on with from wherever it was.
        private func fill(_ path: String) throws {
            let store = try RunStore(path: path)
            let job = try Sample.job()
            if try store.finishedJobs(installation: Sample.here).contains(job.id) {
                return try store.close()
            }
            let attempt = try store.beginAttempt(job, in: try store.beginRun(Sample.run()))
            let known = try store.adoptUnfinishedWork(for: attempt)
            for index in 0..<200 where known.samples[index] == nil {
                var sample = Sample.sample(index)
                sample.question += String(repeating: " and more", count: 60)
                try store.record(.sample(sample), for: attempt)
                try store.record(Sample.progress(index), for: attempt)
            }
            try store.finish(attempt, outcome: .done)
            try store.close()
        }

        @Test func aReadOnlyDiskIsToldAndReadFrom() throws {
            let wasMounted = try withSmallDisk(bytes: 1 << 22) { folder in
                let path = folder + "/runs.sqlite"
                try fill(path)
                #expect(
                    mount("none", folder, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0)
                #expect(
                    message { try RunStore(path: path) }
                        == "\(path): cannot be opened: Read-only file system.")
                let reader = try ReadOnlyStore(path: path)
                #expect(try reader.query("SELECT count(*) FROM samples").rows == [[.integer(200)]])
            }
            if !wasMounted { print("skipped: this process may not mount a tmpfs") }
        }
    #endif

    @Test func aDamagedFileIsToldAndNotWritten() throws {
        let scratch = try Scratch()
        try scenario(scratch)
        var bytes = scratch.bytes()
        // The pages behind the first: their headers are nonsense.
        for page in stride(from: 4096 * 4, to: bytes.count - 4096, by: 4096) {
            for offset in 0..<64 { bytes[page + offset] = UInt8(truncatingIfNeeded: offset * 7) }
        }
        scratch.write(bytes)
        let text = message { try RunStore(path: scratch.database) }
        #expect(text.contains("damaged") || text.contains("malformed"), "\(text)")
        #expect(text.contains("`sqlite3 FILE .recover` saves what can be read"), "\(text)")
        #expect(scratch.bytes() == bytes)
    }

    /// Another program keeps the file locked for a moment: it is waited for.
    @Test func aLockedFileIsWaitedFor() throws {
        let scratch = try Scratch()
        try scenario(scratch)
        let other = try scratch.connect()
        try other.execute("BEGIN EXCLUSIVE")
        let text = message { try RunStore(path: scratch.database) }
        #expect(
            text.contains("database is locked") && text.contains("try again when it is done"),
            "\(text)")
        try other.execute("ROLLBACK")
        other.close()
        try scenario(scratch)
    }
}
