import Basics
import Experiments
import Store
import Testing

/// A digest stands for the results and for nothing else.
@Suite struct DigestTests {
    private static let events: [JobEvent] =
        (0..<3).map { .sample(Sample.sample($0)) }
        + [.metric(Sample.metric("acc", 0.5)), .metric(Sample.metric("acc_macro", 0.25))]

    private func digests(_ fill: (RunStore) throws -> Void, then sql: String? = nil) throws
        -> [JobID: String]
    {
        let scratch = try Scratch()
        let store = try RunStore(path: scratch.database)
        try fill(store)
        try store.close()
        if let sql { try scratch.connect().execute(sql) }
        let attempts = try ReadOnlyStore(path: scratch.database).snapshot().attempts
        return Dictionary(
            attempts.map { ($0.jobID, $0.digest ?? "") }, uniquingKeysWith: { $1 })
    }

    @Test func isIndependentOfLayoutOrderAndNeighbours() throws {
        let job = try Sample.job()
        let plain = try digests { try Sample.finish(job, in: $0, events: Self.events) }
        let digest = try #require(plain[job.id])
        #expect(digest.count == 64)

        let reversed = try digests {
            try Sample.finish(job, in: $0, events: Self.events.reversed())
        }
        #expect(reversed[job.id] == digest)

        let crowded = try digests(
            { store in
                let other = try Sample.job("mmlu", quantization: "f32")
                try Sample.finish(other, in: store, events: Self.events.reversed())
                try Sample.finish(job, in: store, installation: Sample.elsewhere, events: [])
                try Sample.finish(job, in: store, events: Self.events)
            }, then: "VACUUM")
        #expect(crowded[job.id] == digest)
        #expect(crowded.count == 2)
        #expect(Set(crowded.values).count == 2)
    }

    @Test func changesWithEveryResult() throws {
        let job = try Sample.job()
        var sample = Sample.sample(0)
        sample.logProbabilities[0] = (-1.25).nextUp
        var metric = Sample.metric("acc", 0.5)
        metric.count = 3
        let variants: [[JobEvent]] = [
            Self.events, Self.events.dropLast(), Array(Self.events.dropFirst()),
            [.sample(sample)] + Self.events.dropFirst(),
            Self.events.dropLast(2) + [.metric(metric), Self.events[4]],
        ]
        var seen: Set<String> = []
        for events in variants {
            let found = try digests { try Sample.finish(job, in: $0, events: events) }
            seen.insert(found[job.id] ?? "")
        }
        #expect(seen.count == variants.count)
        let others = try digests {
            try Sample.finish(try Sample.job(seed: 99), in: $0, events: Self.events)
        }
        #expect(!seen.contains(others.values.first ?? ""))
    }

    /// The format is a promise: footers of published reports depend on it.
    @Test func isTheDocumentedText() throws {
        let job = try Sample.job()
        let found = try digests {
            try Sample.finish(
                job, in: $0,
                events: [.metric(Sample.metric("acc", 0.5)), .sample(Sample.sample(0))])
        }
        let question = SHA256.hex("question 9:astronomy 10:What is 0?\n")
        let text = """
            billion-llm attempt 1
            job 67:\(job.id.text)
            metric 3:acc 3:0.5 8:fraction 1:1 - - - -
            sample 1:0 64:\(question) 22:[-1.25,-0.5,-3.0,-2.0] 1:B 1:B 1:1

            """
        #expect(found[job.id] == SHA256.hex(text))
    }
}
