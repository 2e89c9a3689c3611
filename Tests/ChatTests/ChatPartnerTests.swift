import LanguageModels
import Tensors
import TestSupport
import Testing

@testable import Chat

/// Conversations with the miniature model, whose context has 128 positions.
@Suite struct ChatPartnerTests {
    private static func partner(limit: Int = 8, context: Int? = nil) throws -> ChatPartner {
        let model = try LanguageModel(
            path: Fixtures.path("tiny-llama.gguf"),
            backend: CPUBackend(threads: 1, computation: .f32))
        return try ChatPartner(
            name: "tiny", model: model,
            options: AnswerOptions(limit: limit, context: context, computation: .f32))
    }

    /// The cache of earlier turns saves work and changes nothing.
    @Test func answersDoNotDependOnTheCache() throws {
        let talker = try Self.partner()
        var reused = 0
        for message in ["Hi", "And you?", "So"] {
            let earlier = talker.messages
            let answer = try talker.answer(message) { _ in }
            let fresh = try Self.partner()
            fresh.adopt(earlier)
            let again = try fresh.answer(message) { _ in }
            #expect(answer.text == again.text)
            #expect(answer.generatedTokens == again.generatedTokens)
            #expect(answer.promptTokens == again.promptTokens)
            #expect(again.reusedTokens == 0)
            reused += answer.reusedTokens
        }
        #expect(reused > 10)
        #expect(
            talker.messages.map(\.role) == [
                "user", "assistant", "user", "assistant", "user", "assistant",
            ])
    }

    @Test func piecesAreTheAnswer() throws {
        let partner = try Self.partner(limit: 30)
        var pieces = ""
        let answer = try partner.answer("Hello") { pieces += $0 }
        #expect(pieces.hasPrefix(answer.text))
        let rest = pieces.dropFirst(answer.text.count)
        #expect(rest.allSatisfy { $0.isWhitespace })
        #expect(answer.generatedTokens <= 30)
        #expect(answer.secondsToFirstToken != nil)
        #expect(partner.messages.last?.content == answer.text)
        #expect(partner.totals.answers == 1)
    }

    /// A long conversation forgets its beginning, but never the system message.
    @Test func aFullContextForgetsTheOldestMessages() throws {
        let partner = try Self.partner(limit: 10)
        partner.reset(system: "Be kind.")
        var forgotten = 0
        for turn in 0..<20 {
            let answer = try partner.answer("message \(turn)") { _ in }
            forgotten += answer.forgottenMessages
            #expect(answer.promptTokens + answer.generatedTokens <= partner.capacity + 1)
            #expect(partner.messages.first == .system("Be kind."))
            #expect(partner.messages.dropFirst().first?.role == "user")
            #expect(partner.messages.contains(.user("message \(turn)")))
        }
        #expect(forgotten > 0 && forgotten.isMultiple(of: 2))
        #expect(partner.messages.count < 20)
    }

    @Test func anAnswerEndsWhereTheContextDoes() throws {
        let partner = try Self.partner(limit: 1000)
        let answer = try partner.answer(String(repeating: "x", count: 60)) { _ in }
        #expect(answer.ending == .contextFull || answer.ending == .complete)
        #expect(
            answer.remarks(options: AnswerOptions(), capacity: 128)
                == (answer.ending == .complete
                    ? [] : ["cut: the context of 128 tokens is full; /reset begins anew."]))
    }

    @Test func aMessageWithoutRoomIsRefusedAndNotKept() throws {
        let partner = try Self.partner()
        _ = try partner.answer("Hi") { _ in }
        let before = partner.messages
        let error = #expect(throws: ChatError.self) {
            try partner.answer(String(repeating: "x", count: 500)) { _ in }
        }
        #expect(error?.description.contains("the context of tiny holds 128") == true)
        #expect(partner.messages == before)
        // And the conversation goes on.
        let next = try partner.answer("Hi") { _ in }
        #expect(next.generatedTokens > 0)
    }

    @Test func anInterruptionKeepsWhatWasSaid() throws {
        let partner = try Self.partner(limit: 50)
        var pieces = 0
        let answer = try partner.answer("Hello", isInterrupted: { pieces >= 3 }) { _ in pieces += 1
        }
        #expect(answer.ending == .interrupted)
        #expect(pieces == 3 || pieces == 4)
        #expect(partner.messages == [.user("Hello"), .assistant(answer.text)])
        let none = try partner.answer("Again", isInterrupted: { true }) { _ in }
        #expect(none.generatedTokens == 0 && none.secondsToFirstToken == nil)
        #expect(none.ending == .interrupted)
    }

    @Test func theContextCanBeSmaller() throws {
        #expect(try Self.partner(context: 64).capacity == 64)
        #expect(try Self.partner(context: 4096).capacity == 128)
        #expect(try Self.partner().capacity == 128)
    }

    @Test(
        arguments: [
            (Answer.Ending.complete, 0, []),
            (.limit, 0, ["cut after 512 tokens; --n-gen allows more."]),
            (.interrupted, 0, ["interrupted."]),
            (
                .complete, 4,
                ["the context of 100 tokens was full: the oldest 4 messages are forgotten."]
            ),
        ] as [(Answer.Ending, Int, [String])])
    func remarks(ending: Answer.Ending, forgotten: Int, wanted: [String]) {
        var answer = Answer()
        answer.ending = ending
        answer.forgottenMessages = forgotten
        #expect(answer.remarks(options: AnswerOptions(), capacity: 100) == wanted)
    }

    @Test func theSummaryTellsTokensAndTimes() {
        var answer = Answer()
        answer.promptTokens = 80
        answer.reusedTokens = 68
        #expect(answer.summary == "0 tokens (12 of 80 prompt tokens new)")
        answer.generatedTokens = 1
        answer.secondsToFirstToken = 0.085
        #expect(answer.summary == "1 token, first after 85.0 ms (12 of 80 prompt tokens new)")
        answer.generatedTokens = 21
        answer.decodingSeconds = 0.5
        #expect(
            answer.summary
                == "21 tokens, 40.0 tokens/s, first after 85.0 ms (12 of 80 prompt tokens new)")
    }
}
