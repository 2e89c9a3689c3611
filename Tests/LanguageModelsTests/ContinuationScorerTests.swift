import LanguageModels
import Tensors
import TestSupport
import Testing

/// Scores against sums over single steps, on the miniature model.
@Suite struct ContinuationScorerTests {
    /// One pass over several tokens and one token at a time round differently.
    static let tolerance = 1e-4

    let model: LanguageModel
    let tokenizer: Tokenizer

    init() throws {
        model = try LanguageModel(
            path: Fixtures.path("tiny-llama.gguf"),
            backend: CPUBackend(threads: 1, computation: .f32))
        tokenizer = try model.tokenizer()
    }

    private func scorer() throws -> ContinuationScorer {
        try ContinuationScorer(model: model, options: .init(computation: .f32))
    }

    /// Log-probability of `targets` after `context`, from fresh single-token passes.
    private func stepwise(_ context: [Int32], _ targets: [Int32]) -> Double {
        let session = model.makeSession(capacity: 128, computation: .f32)
        var sum = 0.0
        for (index, token) in (context + targets.dropLast()).enumerated() {
            session.append([token], outputs: 0..<1) { _, logits in
                let next = index - context.count + 1
                if next >= 0 { sum += LogSoftmax(logits)[Int(targets[next])] }
            }
        }
        return sum
    }

    @Test(arguments: [
        ("the cat", " sat on the mat"), ("Answer:", " A"), ("x", "yz"), ("in the inn", " the"),
    ])
    func equalsSteps(context: String, continuation: String) throws {
        let whole = tokenizer.encode(context + continuation)
        let head = tokenizer.encode(context)
        let targets = Array(whole.dropFirst(head.count))
        let score = try scorer().score(context: context, continuations: [continuation])[0]
        #expect(score.tokenCount == targets.count)
        #expect(abs(score.logProbability - stepwise(head, targets)) < Self.tolerance)
    }

    @Test func orderAndReuseDoNotMatter() throws {
        let shared = "The following are questions about the inn.\n\nthe A\n\n"
        let requests = ["one", "one more", "", "another one in the end", "one"]
            .map { (shared + $0, [" A", " B", " the in", " C", " D"]) }
        let together = try scorer()
        let all = try requests.map { try together.score(context: $0.0, continuations: $0.1) }
        let packed = try scorer().score(
            requests.map { .init(context: $0.0, continuations: $0.1) })
        #expect(packed == all, "bit for bit")
        for (request, scores) in zip(requests, all) {
            let alone = try scorer().score(context: request.0, continuations: request.1)
            for (a, b) in zip(scores, alone) {
                #expect(abs(a.logProbability - b.logProbability) < Self.tolerance)
                #expect(a.tokenCount == b.tokenCount)
            }
        }
    }

    @Test func trailingWhitespaceBelongsToTheContinuation() throws {
        let moved = try scorer().score(context: "the end \n", continuations: ["A"])[0]
        let plain = try scorer().score(context: "the end", continuations: [" \nA"])[0]
        #expect(moved == plain)
        #expect(moved.tokenCount == 3)
    }

    @Test func emptyContextStartsFromTheBeginningToken() throws {
        let score = try scorer().score(context: "", continuations: ["the"])[0]
        let bos = try #require(tokenizer.bosID)
        let targets = tokenizer.encode("the", addBOS: false)
        #expect(abs(score.logProbability - stepwise([bos], targets)) < Self.tolerance)
    }

    @Test func tooLongIsCutFromTheLeft() throws {
        let words = String(repeating: "abc ", count: 60)
        let score = try scorer().score(context: words + "x", continuations: [" A", "yz!"])
        let limit = model.shape.contextLength
        for (index, continuation) in [" A", "yz!"].enumerated() {
            let head = tokenizer.encode(words + "x")
            let targets = Array(tokenizer.encode(words + "x" + continuation).dropFirst(head.count))
            let all = (head + targets).suffix(limit + 1)
            let wanted = stepwise(Array(all.dropLast(targets.count)), targets)
            #expect(abs(score[index].logProbability - wanted) < Self.tolerance)
        }
    }

    @Test func greedyMeansEveryTokenIsTheLikeliest() throws {
        let session = model.makeSession(capacity: 64, computation: .f32)
        var generator = TokenGenerator(session: session, sampling: SamplingOptions())
        var ids: [Int32] = []
        generator.generate(after: tokenizer.encode("the in"), limit: 1, stop: []) {
            ids.append($0.id)
            return true
        }
        let best = tokenizer.decodeText(ids)
        let scores = try scorer().score(context: "the in", continuations: [best, "\u{1}"])
        #expect(scores.map(\.isGreedy) == [true, false])
    }
}
