import Basics
import LanguageModels

/// A conversation from its first line to its end, with one model or with several.
package final class ChatLoop {
    private var partners: [ChatPartner]
    private let options: AnswerOptions
    private let input: any LineSource
    private let screen: ChatScreen
    /// Makes a partner of a model's name, for /model.
    private let load: (String) throws -> ChatPartner
    /// Something was refused; a script wants to know.
    private var hasFailed = false

    package init(
        partners: [ChatPartner], options: AnswerOptions, input: any LineSource, screen: ChatScreen,
        load: @escaping (String) throws -> ChatPartner
    ) {
        precondition(!partners.isEmpty, "a conversation needs a model")
        self.partners = partners
        self.options = options
        self.input = input
        self.screen = screen
        self.load = load
    }

    private var isComparison: Bool { partners.count > 1 }

    /// Goes on until the input ends or /exit; false when a line could not be answered.
    package func run(system: String?) -> Bool {
        for partner in partners {
            partner.reset(system: system)
            introduce(partner)
        }
        while true {
            switch input.next(prompt: "> ") {
            case .ended: return !hasFailed
            case .cancelled: screen.note("(Ctrl-D or /exit ends)")
            case .line(let line):
                if line.allSatisfy(\.isWhitespace) { continue }
                do {
                    guard line.hasPrefix("/") else {
                        try answer(line)
                        continue
                    }
                    let command = try SlashCommand.parse(line)
                    if command == .exit { return !hasFailed }
                    try run(command)
                } catch {
                    hasFailed = true
                    screen.note("\(error)")
                }
            }
        }
    }

    private func introduce(_ partner: ChatPartner) {
        guard partner.format.template == nil else { return }
        screen.note(
            "\(partner.name) has no chat template: its prompt is made by this program's own "
                + "convention, lines of 'User: ...' and 'Assistant: ...'.")
    }

    // MARK: - Answers

    private func answer(_ message: String) throws {
        if isComparison {
            if let width = screen.columnWidth(of: partners.count) {
                try compareInColumns(message, width: width)
            } else {
                try compareInTurn(message)
            }
        } else {
            let answer = try stream(message, from: partners[0])
            report(answer, of: partners[0])
        }
    }

    /// Shows an answer as it comes.
    private func stream(_ message: String, from partner: ChatPartner) throws -> Answer {
        var endsWithNewline = false
        let answer = try partner.answer(message, isInterrupted: { self.input.isInterrupted }) {
            screen.show($0)
            endsWithNewline = $0.hasSuffix("\n")
        }
        if !endsWithNewline { screen.show("\n") }
        return answer
    }

    private func report(_ answer: Answer, of partner: ChatPartner) {
        screen.note(answer.summary)
        for remark in answer.remarks(options: options, capacity: partner.capacity) {
            screen.note(remark)
        }
    }

    private func compareInTurn(_ message: String) throws {
        for partner in partners where !input.isInterrupted {
            screen.show(line: "[\(partner.name)]")
            report(try stream(message, from: partner), of: partner)
        }
    }

    private func compareInColumns(_ message: String, width: Int) throws {
        var answers: [Answer] = []
        for partner in partners where !input.isInterrupted {
            var pieces = 0
            screen.progress("\(partner.name) reads ...")
            answers.append(
                try partner.answer(message, isInterrupted: { self.input.isInterrupted }) { _ in
                    pieces += 1
                    screen.progress("\(partner.name) writes ... \(pieces)")
                })
        }
        screen.clearProgress()
        let shown = zip(partners, answers)
        let texts = shown.map { partner, answer in
            TerminalText.safe(partner.name + "\n\n" + answer.text)
        }
        for line in SideBySide.lines(texts, columnWidth: width) { screen.show(line: line) }
        let notes = shown.map { partner, answer in
            ([answer.summary] + answer.remarks(options: options, capacity: partner.capacity))
                .joined(separator: "\n")
        }
        for line in SideBySide.lines(notes, columnWidth: width) { screen.note(line) }
    }

    // MARK: - Commands

    private func run(_ command: SlashCommand) throws {
        switch command {
        case .reset:
            for partner in partners { partner.reset(system: partner.system) }
            screen.note("a new conversation.")
        case .system(nil):
            screen.note(partners[0].system.map { "system: \($0)" } ?? "there is no system message.")
        case .system(let text?):
            for partner in partners { partner.reset(system: text.isEmpty ? nil : text) }
            screen.note("a new conversation with this system message.")
        case .model(nil): screen.note(partners.map(\.name).joined(separator: ", "))
        case .model(let name?):
            guard !isComparison else {
                throw ChatError(description: "/model does not work in a comparison.")
            }
            input.letInterruptionsEnd()
            let partner = try load(name)
            partner.adopt(partners[0].messages)
            partners = [partner]
            introduce(partner)
            screen.note("\(partner.name) goes on with the conversation.")
        case .save(let file): try save(to: file)
        case .stats: for partner in partners { showStatistics(of: partner) }
        case .help:
            let width = SlashCommand.table.map(\.call.count).max() ?? 0
            for (call, meaning) in SlashCommand.table {
                let padding = String(repeating: " ", count: width - call.count + 2)
                screen.note(call + padding + meaning)
            }
        case .exit: break
        }
    }

    private func showStatistics(of partner: ChatPartner) {
        let totals = partner.totals
        var speed = ""
        if totals.decodingSeconds > 0 {
            let rate = Double(totals.decodedTokens) / totals.decodingSeconds
            speed = ", \(NumberFormat.fixed(rate, 1)) tokens/s"
        }
        if let counts = partner.speculation {
            speed += ", \(counts.accepted) of \(counts.drafted) drafted tokens accepted"
        }
        screen.note(
            "\(partner.name): \(totals.answers) answers, \(totals.generatedTokens) tokens"
                + "\(speed); prompts of \(totals.promptTokens) tokens, \(totals.reusedTokens) of "
                + "them from the cache; context \(partner.usedPositions) of \(partner.capacity); "
                + "template date \(partner.format.date.text).")
    }

    private struct Saved: Encodable {
        struct Conversation: Encodable {
            var model: String
            var template: String
            var messages: [ChatMessage]
        }

        var conversations: [Conversation]
        var template_date: String
        var temperature: Double
        var top_k: Int
        var top_p: Double
        var seed: UInt64
    }

    private func save(to file: String) throws {
        let sampling = options.sampling
        let saved = Saved(
            conversations: partners.map { partner in
                Saved.Conversation(
                    model: partner.name,
                    template: partner.format.template?.source ?? "none: User/Assistant lines",
                    messages: partner.messages)
            },
            template_date: options.date.text, temperature: sampling.temperature,
            top_k: sampling.topK, top_p: sampling.topP, seed: sampling.seed)
        // Somebody's earlier file is not to be lost to a slip.
        guard !FileSystem.exists(file) else {
            throw ChatError(description: "\(file) is there already. Choose another name.")
        }
        try FileSystem.write(Array((try JSON.text(saved) + "\n").utf8), atomicallyTo: file)
        screen.note("saved to \(file).")
    }
}
