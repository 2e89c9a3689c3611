import Basics
import Experiments
import Store
import Testing

/// What a job that was cut off had finished belongs to its next attempt.
@Suite struct ResumingTests {
    private static func record(_ index: Int) -> JobEvent {
        .record(
            JobRecord(
                kind: "generation", index: index,
                values: ["prompt": .string("p\(index)"), "seconds": .number(0.5)]))
    }

    private static func timing(_ repetition: Int) -> JobEvent {
        .timing(
            TimingSample(
                name: "pp8", repetition: repetition, tokens: 8,
                nanoseconds: UInt64(repetition + 1)))
    }

    /// One unit of each kind.
    private static func unit(_ index: Int) -> [JobEvent] {
        [.sample(Sample.sample(index)), record(index), timing(index), Sample.progress(index)]
    }

    private func attempt(
        _ store: RunStore, installation: String = Sample.here, adopts: Bool = true,
        events: [JobEvent], outcome: AttemptOutcome
    ) throws -> CompletedWork {
        let run = try store.beginRun(Sample.run(installation: installation))
        let attempt = try store.beginAttempt(try Sample.job(), in: run)
        let work = adopts ? try store.adoptUnfinishedWork(for: attempt) : .none
        for event in events { try store.record(event, for: attempt) }
        try store.finish(attempt, outcome: outcome)
        try store.endRun(run, status: "finished")
        return work
    }

    @Test(arguments: [AttemptOutcome.interrupted, .failed(reason: "killed by signal 9.")])
    func finishedUnitsMoveToTheNextAttempt(outcome: AttemptOutcome) throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        let half: [JobEvent] = [.sample(Sample.sample(2)), Self.record(2)]
        let first = try attempt(
            store, events: Self.unit(0) + Self.unit(1) + half, outcome: outcome)
        #expect(first.isEmpty)

        // Cut off again before anything is added.
        let second = try attempt(store, events: [], outcome: .interrupted)
        #expect(Set(second.events) == Set((Self.unit(0) + Self.unit(1)).filter(\.isResult)))

        let third = try attempt(store, events: Self.unit(2), outcome: .done)
        #expect(third == second)
        try store.close()

        // As if it had never been cut off: same rows, same digest.
        let whole = try Scratch()
        let other = try RunStore(path: whole.database)
        _ = try attempt(other, events: (0..<3).flatMap(Self.unit), outcome: .done)
        try other.close()
        func contents(_ scratch: Scratch) throws -> [[SQLValue]] {
            let reader = try ReadOnlyStore(path: scratch.database)
            defer { reader.close() }
            return try [
                "SELECT sample_index, question FROM samples ORDER BY 1",
                "SELECT kind, record_index, value FROM attempt_records ORDER BY 1, 2",
                "SELECT name, repetition, nanoseconds FROM attempt_timings ORDER BY 1, 2",
                "SELECT digest FROM attempts WHERE status = 'done'",
            ].flatMap { try reader.query($0).rows }
        }
        #expect(try contents(scratch) == contents(whole))
        #expect(try contents(scratch).count == 10)
    }

    @Test func workIsNotTakenFromOthers() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        _ = try attempt(store, events: Self.unit(0), outcome: .interrupted)
        // Another machine, and somebody who asked to begin afresh.
        let elsewhere = try attempt(
            store, installation: Sample.elsewhere, events: [], outcome: .interrupted)
        #expect(elsewhere.isEmpty)
        _ = try attempt(store, adopts: false, events: Self.unit(0), outcome: .done)
        // Older than what is done: it belongs to that time.
        #expect(try attempt(store, events: [], outcome: .interrupted).isEmpty)
    }

    @Test func aRecordIsReportedOnce() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        let run = try store.beginRun(Sample.run())
        let attempt = try store.beginAttempt(try Sample.job(), in: run)
        try store.record(Self.record(0), for: attempt)
        let text = message { try store.record(Self.record(0), for: attempt) }
        #expect(text.contains("record 'generation' 0"))
        #expect(text.contains("reported twice"))
        try store.close()
    }

    @Test func recordsBelongToTheDigestAndComeWhenAskedFor() throws {
        let (one, two) = (try Scratch(), try Scratch())
        for (scratch, index) in [(one, 0), (two, 1)] {
            let store = try RunStore(path: scratch.database)
            try Sample.finish(try Sample.job(), in: store, events: [Self.record(index)])
            try store.close()
        }
        let (first, second) = (
            try ReadOnlyStore(path: one.database), try ReadOnlyStore(path: two.database)
        )
        #expect(try first.snapshot().digests != second.snapshot().digests)
        #expect(try first.snapshot().attempts[0].records.isEmpty)
        let records = try first.snapshot(recordKinds: ["generation"]).attempts[0].records
        #expect(records["generation"]?.map(\.index) == [0])
        #expect(records["generation"]?[0].values["prompt"] == .string("p0"))
    }
}

extension JobEvent {
    fileprivate var isResult: Bool {
        if case .progress = self { return false }
        return true
    }
}
