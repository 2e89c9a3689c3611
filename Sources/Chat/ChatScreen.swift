import Basics

/// Where a conversation is shown: answers on one descriptor, words about them on another.
package struct ChatScreen {
    /// A place to write to, looked at anew each time: a window may become wider.
    package struct Place {
        let terminal: () -> Terminal
        let write: (String) -> Void

        package init(terminal: @escaping () -> Terminal, write: @escaping (String) -> Void) {
            self.terminal = terminal
            self.write = write
        }
    }

    private let answers: Place
    private let notes: Place

    package init(answers: Place, notes: Place) {
        self.answers = answers
        self.notes = notes
    }

    /// How wide each of `count` answers may be beside the others; nil when there is no room.
    func columnWidth(of count: Int) -> Int? {
        let terminal = answers.terminal()
        return terminal.redraws ? SideBySide.columnWidth(of: count, on: terminal.width) : nil
    }

    /// A piece of an answer.
    func show(_ text: String) {
        answers.write(answers.terminal().redraws ? TerminalText.safe(text) : text)
    }

    func show(line: String) { show(line + "\n") }

    /// A line about the conversation, dimmed where that is possible.
    func note(_ text: String) {
        let terminal = notes.terminal()
        guard terminal.redraws else { return notes.write(text + "\n") }
        // The last column stays free: some terminals wrap when it is written.
        let width = max(2, terminal.width - 1)
        for line in TerminalText.wrapped(TerminalText.safe(text), width: width) {
            notes.write(terminal.hasColor ? "\u{1B}[2m\(line)\u{1B}[0m\n" : line + "\n")
        }
    }

    /// A line that is drawn over by the next one; only on terminals.
    func progress(_ text: String) {
        let terminal = notes.terminal()
        guard terminal.redraws else { return }
        notes.write("\r\u{1B}[K" + String(text.prefix(max(1, terminal.width - 1))))
    }

    func clearProgress() { progress("") }
}

extension Answer {
    /// `23 tokens, 41.2 tokens/s, first after 85.0 ms (12 of 80 prompt tokens new)`.
    package var summary: String {
        var parts = [generatedTokens == 1 ? "1 token" : "\(generatedTokens) tokens"]
        if let tokensPerSecond {
            parts.append(NumberFormat.fixed(tokensPerSecond, 1) + " tokens/s")
        }
        if let secondsToFirstToken {
            parts.append("first after " + NumberFormat.duration(seconds: secondsToFirstToken))
        }
        let new = promptTokens - reusedTokens
        return parts.joined(separator: ", ") + " (\(new) of \(promptTokens) prompt tokens new)"
    }

    /// What the reader should know about the answer's end and the conversation's beginning.
    package func remarks(options: AnswerOptions, capacity: Int) -> [String] {
        var remarks: [String] = []
        switch ending {
        case .complete: break
        case .limit: remarks.append("cut after \(options.limit) tokens; --n-gen allows more.")
        case .contextFull:
            remarks.append("cut: the context of \(capacity) tokens is full; /reset begins anew.")
        case .interrupted: remarks.append("interrupted.")
        }
        if forgottenMessages > 0 {
            remarks.append(
                "the context of \(capacity) tokens was full: the oldest "
                    + "\(forgottenMessages) messages are forgotten.")
        }
        return remarks
    }
}
