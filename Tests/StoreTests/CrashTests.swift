import Basics
import Experiments
import Store
import Testing

/// What is left when a process is killed, and who may open the file when.
@Suite struct CrashTests {
    @Test(arguments: [0, 1, 9, 10, 49])
    func aKilledRunKeepsWholeUnitsAndResumes(events: Int) throws {
        let (original, copy) = (try Scratch(), try Scratch())
        let store = try RunStore(path: original.database)
        let done = try Sample.job("speed")
        try Sample.finish(done, in: store, events: [.metric(Sample.metric("acc", 1))])
        let attempt = try store.beginAttempt(
            try Sample.job(), in: try store.beginRun(Sample.run()))
        let unit = 10
        for index in 0..<events {
            try store.record(.sample(Sample.sample(index)), for: attempt)
            if (index + 1).isMultiple(of: unit) {
                try store.record(Sample.progress(index + 1), for: attempt)
            }
        }
        try original.copyAfterKill(to: copy)

        // A reader sees it first, and leaves what it found.
        let reader = try ReadOnlyStore(path: copy.database)
        #expect(try reader.query("PRAGMA quick_check").rows == [[.text("ok")]])
        #expect(
            try reader.query("SELECT count(*) FROM attempt_samples").rows
                == [[.integer(Int64(events / unit * unit))]])
        reader.close()
        #expect(try copy.files() == ["runs.sqlite", "runs.sqlite-wal"])

        let resumed = try RunStore(path: copy.database)
        #expect(try resumed.finishedJobs(installation: Sample.here) == [done.id])
        try Sample.finish(try Sample.job(), in: resumed, events: [.sample(Sample.sample(0))])
        try resumed.close()
        #expect(try copy.files() == ["runs.sqlite"])
        let after = try ReadOnlyStore(path: copy.database)
        #expect(
            try after.query("SELECT status, reason FROM attempts ORDER BY id").rows == [
                [.text("done"), .null],
                [.text("interrupted"), .text("the runner ended before the job did")],
                [.text("done"), .null],
            ])
        #expect(
            try after.query("SELECT status FROM runs ORDER BY id").rows
                == [[.text("finished")], [.text("interrupted")], [.text("finished")]])
        #expect(try after.query("SELECT count(*) FROM samples").rows == [[.integer(1)]])
    }

    @Test func aTornLogIsCutAtTheLastWholeCommit() throws {
        let (original, copy) = (try Scratch(), try Scratch())
        let store = try RunStore(path: original.database)
        try Sample.finish(try Sample.job("speed"), in: store, events: [])
        try original.copyAfterKill(to: copy)
        copy.write(copy.bytes("runs.sqlite-wal").dropLast(1000), to: "runs.sqlite-wal")
        let resumed = try RunStore(path: copy.database)
        try resumed.close()
        let reader = try ReadOnlyStore(path: copy.database)
        #expect(try reader.query("PRAGMA quick_check").rows == [[.text("ok")]])
        #expect(try reader.query("SELECT status FROM attempts").rows == [[.text("done")]])
        #expect(try reader.query("SELECT status FROM runs").rows == [[.text("interrupted")]])
    }

    @Test func aStoreThatIsJustReleasedTidiesUp() throws {
        let scratch = try Scratch()
        do {
            let store = try RunStore(path: scratch.database)
            let attempt = try store.beginAttempt(
                try Sample.job(), in: try store.beginRun(Sample.run()))
            try store.record(.sample(Sample.sample(0)), for: attempt)
            try store.record(Sample.progress(1), for: attempt)
            try store.record(.sample(Sample.sample(1)), for: attempt)
        }
        #expect(try scratch.files() == ["runs.sqlite"])
        let reader = try ReadOnlyStore(path: scratch.database)
        #expect(
            try reader.query("SELECT count(*) FROM attempt_samples").rows == [[.integer(1)]])
    }

    @Test func aSecondWriterIsRefused() throws {
        let scratch = try Scratch()
        let first = try RunStore(path: scratch.database)
        let expected =
            "\(scratch.database): another `billion run` is writing to it. Wait until that ends, "
            + "or keep this run's results elsewhere with --db FILE."
        #expect(message { try RunStore(path: scratch.database) } == expected)
        // The first one is none the worse for it.
        try Sample.finish(try Sample.job(), in: first, events: [.sample(Sample.sample(0))])
        try first.close()
        try RunStore(path: scratch.database).close()
        #expect(try scratch.files() == ["runs.sqlite"])
    }

    @Test func twoWritersOfDifferentFilesAreFine() throws {
        let (one, other) = (try Scratch(), try Scratch())
        let first = try RunStore(path: one.database)
        let second = try RunStore(path: other.database)
        try first.close()
        try second.close()
    }
}
