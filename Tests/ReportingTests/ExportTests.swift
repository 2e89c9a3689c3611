import Basics
import Experiments
import Store
import TestSupport
import Testing

@testable import Reporting

/// The files of lm-evaluation-harness, against what it wrote itself (`Tests/Fixtures/Reporting`).
@Suite struct ExportTests {
    private struct Recorded: Decodable {
        struct Document: Decodable {
            struct Fields: Decodable {
                var question, subject: String
                var choices: [String]
                var answer: Int
            }
            var doc: Fields
            var doc_hash, target, target_hash: String
        }
        var results_keys, leaf_keys, group_keys, sample_keys, tasks: [String]
        var documents: [Document]
    }

    private let recorded: Recorded

    init() throws { recorded = try Fixtures.json(Recorded.self, "Reporting/harness.json") }

    private func sample(_ document: Recorded.Document.Fields, _ index: Int) -> EvaluatedSample {
        let letters = ["A", "B", "C", "D"]
        let choices = zip(letters, document.choices).map { "\($0). \($1)\n" }.joined()
        return EvaluatedSample(
            index: index, subject: document.subject,
            question: document.question + "\n" + choices + "Answer:",
            logProbabilities: [-1.5, -0.25, -3, -2], prediction: "B",
            answer: letters[document.answer], isCorrect: document.answer == 1)
    }

    @Test func documentsHaveTheHarnesssHashes() throws {
        #expect(recorded.documents.count == 6)
        for (index, one) in recorded.documents.enumerated() {
            let document = try #require(HarnessDocument(sample(one.doc, index)))
            #expect(document.question == one.doc.question && document.choices == one.doc.choices)
            #expect(document.hash == one.doc_hash, "\(one.doc)")
            #expect(String(document.answer) == one.target)
            #expect(SHA256.hex(one.target) == one.target_hash)
        }
    }

    /// The hash is Python's: SHA-256 of `json.dumps(doc, indent=2, ensure_ascii=False)`.
    @Test func oddTextsAreEscapedAsPythonDoes() throws {
        let document = Recorded.Document.Fields(
            question: "Which\nB. line \"is\" \\ odd\u{08}\u{0C}\u{01}é\t?", subject: "s",
            choices: ["1", "A. 2", "x\nB. y", ""], answer: 3)
        let found = try #require(HarnessDocument(sample(document, 0)))
        #expect(found.choices == document.choices && found.question == document.question)
        #expect(
            found.hash == "9729015e608f4e02e3f9ad3564f3420e896687e469157031970a736d590e7c04")
        #expect(
            HarnessDocument(
                EvaluatedSample(
                    index: 0, subject: "s", question: "Explain.", logProbabilities: [],
                    prediction: "x",
                    answer: "y", isCorrect: false)) == nil)
    }

    @Test func filesHaveTheHarnesssKeys() throws {
        let folder = try TemporaryFolder()
        let store = try RunStore(
            path: folder["runs.sqlite"], now: { "2026-03-01T10:00:00.000Z" })
        let run = try store.beginRun(Quickstart.run())
        let attempt = try store.beginAttempt(
            Quickstart.job("mmlu", "q8_0", model: "a/b: c"), in: run)
        for (index, one) in recorded.documents.enumerated() {
            try store.record(.sample(sample(one.doc, index)), for: attempt)
        }
        for subject in ["abstract_algebra", "world_religions"] {
            try store.record(
                Quickstart.metric("acc/\(subject)", 0.5, "fraction", count: 3), for: attempt)
        }
        try store.record(
            Quickstart.metric("acc/group:stem", 0.5, "fraction", count: 3), for: attempt)
        try store.record(Quickstart.metric("acc", 0.5, "fraction", count: 6), for: attempt)
        try store.finish(attempt, outcome: .done)
        try store.endRun(run, status: "finished")
        try store.close()
        let files = try HarnessExport(
            ReadOnlyStore(path: folder["runs.sqlite"]), folder: folder["out"], version: "1"
        ).write()
        let time = "2026-03-01T10-00-00.000001"
        #expect(
            files == [
                "a__b__ c__q8_0/results_\(time).json",
                "a__b__ c__q8_0/samples_mini_mmlu_abstract_algebra_\(time).jsonl",
                "a__b__ c__q8_0/samples_mini_mmlu_world_religions_\(time).jsonl",
            ])
        let results = try JSON.decode(
            [String: JSONValue].self, from: folder.text(of: "out/" + files[0]))
        #expect(Set(recorded.results_keys).subtracting(results.keys) == [])
        guard case .object(let tasks)? = results["results"],
            case .object(let leaf)? = tasks["mini_mmlu_world_religions"],
            case .object(let group)? = tasks["mini_mmlu"]
        else {
            Issue.record("the results have no tasks")
            return
        }
        #expect(Set(recorded.tasks).subtracting(tasks.keys) == [])
        #expect(leaf.keys.sorted() == recorded.leaf_keys)
        #expect(group.keys.sorted() == recorded.group_keys)
        let lines = try folder.text(of: "out/" + files[1]).split(separator: "\n")
        #expect(lines.count == 3)
        for (number, line) in lines.enumerated() {
            let sample = try JSON.decode([String: JSONValue].self, from: String(line))
            #expect(sample.keys.sorted() == recorded.sample_keys)
            #expect(sample["doc_id"] == .integer(Int64(number)))
        }
    }

    @Test func namesNeverLeaveTheFolder() {
        for (name, wanted) in [
            ("a/../b", "a__..__b"), ("..", "_.."), (".hidden", "_.hidden"), ("a<>:\"b", "a__b"),
            ("plain-1.0", "plain-1.0"),
        ] { #expect(HarnessExport.sanitized(name) == wanted) }
    }

    /// Parts of an answer joined are the whole.
    @Test(arguments: [QueryOutput.csv, .json]) func longTablesAreJoined(_ output: QueryOutput) {
        let rows = (0..<7).map { [SQLValue.integer($0), .text("a,\"\($0)\"\r\n")] }
        for size in [1, 2, 3, 7, 8] {
            var joined = QueryOutput.Joined(output)
            var text = ""
            for start in stride(from: 0, to: rows.count, by: size) {
                let part = Array(rows[start..<min(start + size, rows.count)])
                text += joined.add(QueryResult(columns: ["n", "t"], rows: part))
            }
            #expect(
                text + joined.end == output.render(QueryResult(columns: ["n", "t"], rows: rows)))
        }
        var empty = QueryOutput.Joined(output)
        let nothing = QueryResult(columns: ["n"], rows: [])
        #expect(empty.add(nothing) + empty.end == output.render(nothing))
    }
}
