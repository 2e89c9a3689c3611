import Basics
import Experiments
import Store
import Testing

@testable import Reporting

/// Two sides against each other, from a database to the text.
@Suite struct ComparisonTests {
    /// Attempts with made-up answers: a pattern of `1` and `0` over numbered questions.
    private static func answers(_ pattern: String, from first: Int = 0) -> [JobEvent] {
        let right = pattern.map { $0 == "1" }
        var events = right.enumerated().map { index, isCorrect in
            JobEvent.sample(
                EvaluatedSample(
                    index: index, subject: "logic", question: "Question \(first + index)",
                    logProbabilities: [-1, -2, -3, -4], prediction: isCorrect ? "A" : "B",
                    answer: "A", isCorrect: isCorrect))
        }
        let share = Double(right.count { $0 }) / Double(right.count)
        events.append(Quickstart.metric("acc", share, "fraction", count: right.count))
        return events
    }

    private static func speed(_ mean: Double, _ spread: Double) -> [JobEvent] {
        [
            Quickstart.metric("tg128", mean, "tokens/s", count: 5, spread: spread),
            Quickstart.metric("itl_mean", 1 / mean, "s", count: 640),
        ]
    }

    /// 100 questions; q8_0 differs from f32 by chance, q4_0 does not; `other` was asked a part.
    private static func database() throws -> StoreSnapshot {
        try snapshot { store in
            let run = try store.beginRun(Quickstart.run())
            func finish(_ job: Job, _ events: [JobEvent]) throws {
                let attempt = try store.beginAttempt(job, in: run)
                for event in events { try store.record(event, for: attempt) }
                try store.finish(attempt, outcome: .done)
            }
            let half = String(repeating: "1", count: 50) + String(repeating: "0", count: 50)
            try finish(Quickstart.job("mmlu", "f32"), answers(half))
            try finish(
                Quickstart.job("mmlu", "q8_0"),
                answers("000" + half.dropFirst(3).dropLast(2) + "11"))
            try finish(
                Quickstart.job("mmlu", "q4_0"),
                answers(String(repeating: "0", count: 30) + half.dropFirst(30)))
            try finish(
                Quickstart.job("mmlu", "f32", model: "other", limit: 4), answers("0101", from: 48))
            try finish(Quickstart.job("speed", "f32"), speed(20, 0.2))
            try finish(Quickstart.job("speed", "q8_0"), speed(40, 0.4))
            try finish(Quickstart.job("speed", "q4_0"), speed(20.1, 0.3))
            try store.endRun(run, status: "finished")
        }
    }

    private func side(_ text: String) throws -> ComparedSide { try ComparedSide(text) }

    @Test func theTextSaysWhatATestSays() throws {
        let comparison = try Comparison(
            side("smollm2-135m-instruct:f32"), side("smollm2-135m-instruct:q8_0"),
            in: Self.database())
        let host = try Self.database().hosts[0].label
        #expect(
            comparison.text == """
                A  smollm2-135m-instruct f32
                B  smollm2-135m-instruct q8_0

                mini-mmlu (5-shot), cpu, \(host)
                  100 questions in common
                  right: A 50 (50.0 %), B 49 (49.0 %); only A 3, only B 2
                  B less A: -1.0 (-6.8 to +4.4) points, 95 % interval
                  McNemar's exact p 1.000: no detectable difference; one of this size would take \
                about 4,000 questions to settle

                speed, cpu, \(host)
                                         A               B  B / A   95 % interval
                  itl_mean         50.0 ms         25.0 ms  0.500
                  tg128     20.0 ± 0.2 t/s  40.0 ± 0.4 t/s  2.000  1.971 to 2.029  B is faster
                """)
    }

    @Test func aRealDifferenceIsNamed() throws {
        let comparison = try Comparison(
            side("smollm2-135m-instruct:q4_0"), side("smollm2-135m-instruct:f32"),
            in: Self.database())
        #expect(comparison.text.contains("McNemar's exact p < 0.001: B answers more right"))
        #expect(comparison.text.contains("no detectable difference"))
        #expect(!comparison.text.lowercased().contains("winner"))
    }

    @Test func questionsAreMatchedByWhatWasAsked() throws {
        let comparison = try Comparison(
            side("smollm2-135m-instruct:f32"), side("other:f32"), in: Self.database())
        let questions = try #require(comparison.parts[0].questions)
        // Questions 48 to 51: right, right, wrong, wrong against 0101.
        #expect(
            questions.paired
                == PairedOutcomes(bothRight: 1, onlyA: 1, onlyB: 1, bothWrong: 1))
        #expect(questions.askedA == 100 && questions.askedB == 4)
        #expect(comparison.text.contains("4 questions in common (A was asked 100, B 4)"))
    }

    @Test func aQuestionThatOccursTwiceIsMatchedTwice() throws {
        var snapshot = StoreSnapshot(hosts: [], runs: [], attempts: [], digests: [])
        func outcomes(_ set: Int64, _ text: String) -> StoredOutcomes {
            StoredOutcomes(questionSet: set, outcomes: Array(text.utf8))
        }
        snapshot.outcomes = [1: outcomes(1, "1100"), 2: outcomes(2, "011")]
        snapshot.questionSets = [1: ["7", "7", "8", "9"], 2: ["7", "9", "7"]]
        let (a, b) = (try attempt(1), try attempt(2))
        #expect(
            snapshot.pairedOutcomes(a, b)
                == PairedOutcomes(bothRight: 1, onlyA: 1, onlyB: 1, bothWrong: 0))
        snapshot.questionSets[2] = ["1", "2", "3"]
        #expect(snapshot.pairedOutcomes(a, b) == nil)
        snapshot.outcomes[2] = nil
        #expect(snapshot.pairedOutcomes(a, b) == nil)
    }

    private func attempt(_ id: Int64) throws -> StoredAttempt {
        var attempt = try Self.database().attempts[0]
        attempt.id = id
        return attempt
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var a: String
        var b: String
        var message: String
        var testDescription: String { "\(a) \(b)" }
    }

    static let refusals = [
        Refusal(
            a: "smollm2-135m-instuct:f32", b: "other:f32",
            message: "no finished job has a model 'smollm2-135m-instuct'. "
                + "Did you mean 'smollm2-135m-instruct'?"),
        Refusal(
            a: "other:q8_0", b: "other:f32",
            message: "'other' was not measured as 'q8_0', but as f32."),
        Refusal(
            a: "smollm2-135m-instruct", b: "other:f32",
            message: "'smollm2-135m-instruct' was measured as q4_0, q8_0 and f32: name one, such "
                + "as 'smollm2-135m-instruct:q4_0'."),
        Refusal(a: "9", b: "1", message: "there is no run 9: the database has 1."),
        Refusal(
            a: "v1-00000000", b: "1", message: "no finished job's id begins with 'v1-00000000'."),
        Refusal(
            a: "v1-00", b: "1",
            message: "'v1-00' is too short for a job: give at least 6 digits."),
        Refusal(
            a: ":f32", b: "1",
            message: "':f32' names nothing: wanted MODEL, MODEL:QUANTIZATION, the number of a run "
                + "or the id of a job."),
    ]

    @Test(arguments: refusals) func whatCannotBeComparedIsRefused(_ refusal: Refusal) throws {
        let snapshot = try Self.database()
        do throws(ComparisonError) {
            let (a, b) = (try ComparedSide(refusal.a), try ComparedSide(refusal.b))
            _ = try Comparison(a, b, in: snapshot)
            Issue.record("it was compared")
        } catch {
            #expect("\(error)" == refusal.message)
        }
    }

    @Test func tasksThatOnlyOneSideHasAreNoComparison() throws {
        let database = try snapshot { store in
            let run = try store.beginRun(Quickstart.run())
            for (kind, quantization) in [("mmlu", "f32"), ("speed", "q8_0")] {
                let attempt = try store.beginAttempt(Quickstart.job(kind, quantization), in: run)
                try store.finish(attempt, outcome: .done)
            }
        }
        let error = #expect(throws: ComparisonError.self) {
            try Comparison(
                side("smollm2-135m-instruct:f32"), side("smollm2-135m-instruct:q8_0"), in: database)
        }
        #expect(
            error?.description
                == "nothing was measured in the same way for both: smollm2-135m-instruct f32 has "
                + "mini-mmlu (5-shot), smollm2-135m-instruct q8_0 has speed.")
    }

    @Test func runsAreComparedCellByCell() throws {
        let database = try snapshot { store in
            for pattern in ["1100", "0110"] {
                let run = try store.beginRun(Quickstart.run())
                for quantization in ["f32", "q8_0"] {
                    let attempt = try store.beginAttempt(
                        Quickstart.job("mmlu", quantization), in: run)
                    for event in Self.answers(pattern) {
                        try store.record(event, for: attempt)
                    }
                    try store.finish(attempt, outcome: .done)
                }
                try store.endRun(run, status: "finished")
            }
        }
        // A snapshot has the newest attempts; those of the older run come with its own reading.
        let error = #expect(throws: ComparisonError.self) {
            try Comparison(side("1"), side("2"), in: database)
        }
        #expect(error?.description == "run 1 has finished no job.")
    }

    @Test func theReportSaysWhatIsNoise() throws {
        let data = ReportData(try Self.database())
        let body = try #require(ComparisonSection().body(data))
        let rows = body.split(separator: "\n").filter { $0.hasPrefix("| smollm2") }
        try #require(rows.count == 2, "\(body)")
        #expect(rows[0].contains("no detectable difference; one of this size would take about"))
        #expect(rows[1].contains("A answers more right") && rows[1].contains("&lt; 0.001"))
        #expect(!body.lowercased().contains("winner"))
    }
}
