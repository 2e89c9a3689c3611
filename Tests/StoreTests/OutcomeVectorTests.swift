import Experiments
import Store
import Testing

/// Answers of finished attempts in one row each.
@Suite struct OutcomeVectorTests {
    private func samples(_ order: [Int]) -> [JobEvent] { order.map { .sample(Sample.sample($0)) } }

    @Test func anAttemptsAnswersAreOneRow() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        // Out of order on purpose: what counts is the index.
        let first = try Sample.finish(Sample.job(), in: store, events: samples([2, 0, 1, 10, 3]))
        let second = try Sample.finish(
            Sample.job(quantization: "q4_0"), in: store, events: samples([0, 1, 2, 3, 10]))
        let third = try Sample.finish(
            Sample.job(limit: 2), in: store, events: samples([0, 1]))
        let speed = try Sample.finish(
            Sample.job("speed"), in: store,
            events: [.metric(Sample.metric("tg128", 1))])
        try store.close()
        let snapshot = try ReadOnlyStore(path: scratch.database).snapshot()
        let outcomes = snapshot.outcomes
        // Even ones are right.
        #expect(outcomes[first.rowID]?.outcomes == Array("10101".utf8))
        #expect(outcomes[second.rowID] == outcomes[first.rowID])
        #expect(outcomes[third.rowID]?.outcomes == Array("10".utf8))
        #expect(outcomes[third.rowID]?.questionSet != outcomes[first.rowID]?.questionSet)
        #expect(outcomes[speed.rowID] == nil)
        let sets = snapshot.questionSets
        let (all, two) = (
            try #require(outcomes[first.rowID]), try #require(outcomes[third.rowID])
        )
        let (whole, part) = (
            try #require(sets[all.questionSet]), try #require(sets[two.questionSet])
        )
        #expect(whole.count == 5 && Set(whole).count == 5)
        #expect(part == Array(whole.prefix(2)))
    }

    @Test func whatDidNotFinishHasNone() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        let run = try store.beginRun(Sample.run())
        let attempt = try store.beginAttempt(Sample.job(), in: run)
        for event in samples([0, 1]) { try store.record(event, for: attempt) }
        try store.finish(attempt, outcome: .failed(reason: "no memory"))
        try store.endRun(run, status: "failed")
        try store.close()
        #expect(try scratch.connect().integer("SELECT count(*) FROM attempt_outcomes") == 0)
        #expect(try scratch.connect().integer("SELECT count(*) FROM question_sets") == 0)
    }

    /// A database from before has the same rows once it is brought up to date.
    @Test func olderDatabasesAreBroughtUpToDate() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        for quantization in ["q8_0", "q4_0"] {
            try Sample.finish(
                Sample.job(quantization: quantization), in: store, events: samples([3, 1, 2, 0]))
        }
        try store.close()
        let database = try scratch.connect()
        let query =
            "SELECT group_concat(attempt_id || question_set_id || outcomes) "
            + "FROM attempt_outcomes"
        let rows = try database.value(query)
        let sets = try database.value("SELECT group_concat(members) FROM question_sets")
        let place = try #require(Migrations.all.firstIndex { $0.name == "outcome-vectors" })
        try database.execute("DROP TABLE attempt_outcomes; DROP TABLE question_sets")
        try database.execute(Migrations.all[place].sql)
        #expect(try database.value(query) == rows)
        #expect(try database.value("SELECT group_concat(members) FROM question_sets") == sets)
        #expect(try database.integer("SELECT count(*) FROM question_sets") == 1)
    }

    @Test func aRunsAttemptsAreFoundBehindNewerOnes() throws {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        let first = try Sample.finish(Sample.job(), in: store, events: samples([0]))
        let second = try Sample.finish(Sample.job(), in: store, events: samples([1]))
        try store.close()
        let reader = try ReadOnlyStore(path: scratch.database)
        #expect(try reader.snapshot().attempts.map(\.id) == [second.rowID])
        let older = try reader.snapshot(.run(1))
        #expect(older.attempts.map(\.id) == [first.rowID])
        var both = try reader.snapshot()
        both.add(older)
        both.add(older)
        #expect(both.attempts.count == 2 && both.outcomes.count == 2)
    }
}
