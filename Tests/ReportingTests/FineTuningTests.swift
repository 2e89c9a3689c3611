import Experiments
import Store
import Testing

@testable import Reporting

/// The section about fine-tuning, line by line.
@Suite struct FineTuningTests {
    private let section = FineTuningSection()

    private func data(_ events: [JobEvent]) throws -> ReportData {
        let snapshot = try snapshot(recordKinds: Set(section.recordKinds)) { store in
            let run = try store.beginRun(Quickstart.run())
            for _ in 0..<2 {
                let attempt = try store.beginAttempt(try Quickstart.job("lora", "q8_0"), in: run)
                for event in events { try store.record(event, for: attempt) }
                try store.finish(attempt, outcome: .done)
            }
        }
        return ReportData(snapshot)
    }

    private func body(_ events: [JobEvent]) throws -> String? { section.body(try data(events)) }

    private func step(_ index: Int, loss: Double) -> JobEvent {
        .record(
            JobRecord(
                kind: "training_step", index: index,
                values: [
                    "loss": .number(loss), "lr": .number(0.0002), "tokens": .integer(1234),
                ]))
    }

    private func answer(_ index: Int, _ base: String?, _ adapted: String?) -> JobEvent {
        .record(
            JobRecord(
                kind: "lora_answer", index: index,
                values: [
                    "question": .string("Why?"),
                    "base_answer": base.map { .string($0) } ?? .null,
                    "adapted_answer": adapted.map { .string($0) } ?? .null,
                ]))
    }

    /// A job that was measured twice is told once; what is missing has no column.
    @Test func figuresStepsAndAnswers() throws {
        let events =
            [
                Quickstart.metric("loss/base", 3, "nats/token"),
                Quickstart.metric("loss/adapted", 2.5, "nats/token"),
                Quickstart.metric(
                    "loss/change", -0.5, "nats/token", low: -0.75, high: -0.25),
                Quickstart.metric("format/base", 0, "fraction"),
                Quickstart.metric("format/adapted", 0.85, "fraction"),
                Quickstart.metric("format/change", 0.85, "fraction", low: 0.7, high: 0.93),
                answer(0, "So | it is\nnow", "Answer: 1"),
            ] + (0..<30).map { step($0, loss: 3 - Double($0) / 10) }
        let text = try #require(try body(events))
        #expect(text.split(separator: "**smollm2-135m-instruct").count == 2)
        let lines = text.split(separator: "\n").map(String.init)
        func line(_ start: String) throws -> [String] {
            try #require(lines.first { $0.hasPrefix("| \(start)") }).split(separator: "|")
                .map { $0.split(separator: " ").joined(separator: " ") }
        }
        #expect(
            try line("Loss, all")
                == ["Loss, all tokens", "3.000", "2.500", "-0.500 (-0.750 to -0.250)"])
        #expect(
            try line("Answers in")
                == ["Answers in the form", "0.0 %", "85.0 %", "+85.0 % (70.0 % to 93.0 %)"])
        #expect(lines.contains { $0.contains("Update |   Loss | Learning rate | Tokens |") })
        #expect(lines.contains { $0.contains("      1 | 3.0000 |     0.0002000 |  1,234 |") })
        #expect(lines.contains { $0.contains("     30 | 0.1000 |     0.0002000 |  1,234 |") })
        #expect(lines.last { $0.hasSuffix("updates.") } == "12 of 30 updates.")
        #expect(lines.contains("| Why?  | So \\| it is now | Answer: 1        |"))
    }

    /// A curve needs two points.
    @Test func theLossIsDrawn() throws {
        #expect(section.charts(try data([step(0, loss: 2)])).isEmpty)
        let data = try data([step(0, loss: 2), step(1, loss: 1.5)])
        let chart = try #require(section.charts(data).first)
        #expect(try #require(section.body(data)).contains("\(chart.name).svg"))
    }

    @Test func nothingIsSaidOfOtherJobs() throws {
        #expect(try body([Quickstart.metric("acc", 0.5, "fraction")]) == nil)
    }

    @Test func aLossAloneIsATable() throws {
        let text = try #require(try body([step(0, loss: 1.5)]))
        #expect(text.contains("|      1 | 1.5000 |"))
        #expect(!text.contains("Held out") && !text.contains("Asked"))
    }
}
