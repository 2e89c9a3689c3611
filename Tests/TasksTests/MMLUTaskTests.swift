import Basics
import Experiments
import LanguageModels
import Tensors
import TestSupport
import Testing

@testable import Tasks

@Suite("MMLU task") struct MMLUTaskTests {
    private static let mini = SharedData.packageRoot + "/datasets/mini-mmlu"

    @Test func anInterruptedJobGoesOnByTheQuestion() throws {
        let settings: [String: JSONValue] = ["limit": .integer(2), "num_fewshot": .integer(0)]
        let whole = try TaskRun(MMLUTask.self, settings: settings, dataset: Self.mini)
        #expect(whole.samples.count == 20)
        var completed = CompletedWork()
        completed.samples = whole.samples.filter { $0.key < 5 || $0.key == 8 }
        let rest = try TaskRun(
            MMLUTask.self, settings: settings, dataset: Self.mini, threads: 1,
            completed: completed)
        #expect(rest.samples == whole.samples.filter { $0.key >= 5 && $0.key != 8 })
        #expect(rest.metrics == whole.metrics)
    }

    /// The whole score of a request, bit for bit, however many others are scored with it.
    @Test(
        arguments: ArchitectureRegistry.all.map { $0.name },
        [Computation.auto, .f32, Computation(.auto, cacheFormat: .q8_0)])
    func scoresDependNeitherOnTheBatchNorOnThreads(
        architecture: String, computation: Computation
    ) throws {
        let dataset = try MMLUDataset.load(folder: Self.mini)
        let requests = try dataset.subjects.prefix(3).flatMap { subject in
            let prompt = try MMLUPrompt(subject: subject, shots: 0)
            return subject.questions.prefix(11).map {
                ContinuationScorer.Request(
                    context: prompt.prefix + prompt.question($0),
                    continuations: MMLUPrompt.continuations)
            }
        }
        var found: [[[ContinuationScore]]] = []
        for (threads, together) in [(1, 1), (1, 32), (2, 1), (2, 8), (2, 32)] {
            let model = try LanguageModel(
                path: Fixtures.path("tiny-\(architecture).gguf"),
                backend: CPUBackend(threads: threads, computation: computation))
            let scorer = try ContinuationScorer(
                model: model, options: .init(computation: computation))
            found.append(
                try stride(from: 0, to: requests.count, by: together).flatMap {
                    try scorer.score(Array(requests.dropFirst($0).prefix(together)))
                })
        }
        for scores in found.dropFirst() { #expect(scores == found[0]) }
    }

    @Test func aSeedDrawsQuestionsAndALargerLimitKeepsThem() {
        let ten = SampleLimit.first(10).places(of: 100, by: .seed(4), group: "anatomy")
        #expect(ten.count == 10 && ten == ten.sorted() && Set(ten).count == 10)
        #expect(ten.allSatisfy { (0..<100).contains($0) } && ten != Array(0..<10))
        #expect(ten == SampleLimit.first(10).places(of: 100, by: .seed(4), group: "anatomy"))
        #expect(ten != SampleLimit.first(10).places(of: 100, by: .seed(5), group: "anatomy"))
        #expect(ten != SampleLimit.first(10).places(of: 100, by: .seed(4), group: "virology"))
        let thirty = SampleLimit.fraction(0.3).places(of: 100, by: .seed(4), group: "anatomy")
        #expect(thirty.count == 30 && Set(thirty).isSuperset(of: ten))
        #expect(SampleLimit.first(3).places(of: 9, by: .first, group: "x") == [0, 1, 2])
        #expect(SampleLimit.all.places(of: 3, by: .seed(1), group: "x") == [0, 1, 2])
        // Each place is drawn about as often as any other: 2,000 draws of 1 in 10.
        var counts = Array(repeating: 0, count: 10)
        for seed in 0..<2000 {
            let places = SampleLimit.first(1).places(
                of: 10, by: .seed(UInt64(seed)), group: "x")
            counts[places[0]] += 1
        }
        // Five standard deviations of a binomial count.
        #expect(counts.allSatisfy { abs($0 - 200) < 67 })
    }

    /// As `fewshot_context` builds its messages, with and without `fewshot_as_multiturn`.
    @Test func aConversationHasTheHarnesssTurns() throws {
        func question(_ text: String, _ answer: Int) -> MMLUDataset.Question {
            .init(text: text, choices: ["1", "2", "3", "4"], answer: answer)
        }
        let subject = MMLUDataset.Subject(
            name: "us_foreign_policy", examples: [question("a?", 1), question(" b? ", 3)],
            questions: [])
        let prompt = try MMLUPrompt(subject: subject, shots: 2)
        let choices = "\nA. 1\nB. 2\nC. 3\nD. 4\nAnswer:"
        let system = ChatMessage.system(
            "The following are multiple choice questions (with answers) about us foreign "
                + "policy.\n\n")
        #expect(
            prompt.conversation(question("c?", 0), multiturn: true) == [
                system, .user("a?" + choices), .assistant("B"), .user("b?" + choices),
                .assistant("D"), .user("c?" + choices),
            ])
        #expect(
            prompt.conversation(question("c?", 0), multiturn: false) == [
                system,
                .user("a?\(choices) B\n\nb?\(choices) D\n\nc?\(choices)"),
            ])
    }
}
