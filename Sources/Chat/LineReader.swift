import Basics

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Where the lines of a conversation come from.
package protocol LineSource: AnyObject {
    /// The next line, without its end.
    func next(prompt: String) -> LineEvent
    /// Ctrl-C was pressed since the last line.
    var isInterrupted: Bool { get }
    /// Until the next line, Ctrl-C ends the program: what follows cannot stop by itself.
    func letInterruptionsEnd()
}

package enum LineEvent: Hashable, Sendable {
    case line(String)
    /// Ctrl-C: the line was dropped.
    case cancelled
    case ended
}

/// Lines from a pipe or a file, or from a terminal that cannot redraw.
package final class PlainLineReader: LineSource {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var isAtEnd = false
    /// A line beyond this is cut: no file without newlines should fill the memory.
    private static let longestLine = 1 << 24

    package init(descriptor: Int32 = STDIN_FILENO) { self.descriptor = descriptor }

    package func next(prompt: String) -> LineEvent {
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                defer { buffer.removeFirst(end + 1) }
                return .line(Self.text(buffer[..<end]))
            }
            if isAtEnd || buffer.count > Self.longestLine {
                guard !buffer.isEmpty else { return .ended }
                defer { buffer.removeAll() }
                return .line(Self.text(buffer[...]))
            }
            let bytes = readBytes(from: descriptor)
            isAtEnd = bytes.isEmpty
            buffer += bytes
        }
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.last == 0x0D ? bytes.dropLast() : bytes, as: UTF8.self)
    }

    package var isInterrupted: Bool { false }
    package func letInterruptionsEnd() {}
}

/// What can be read now, after waiting for something; empty at the end.
private func readBytes(from descriptor: Int32) -> [UInt8] {
    var chunk = [UInt8](repeating: 0, count: 1 << 14)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count >= 0 { return Array(chunk[..<count]) }
        if errno != EINTR { return [] }
    }
}

/// Lines typed on a terminal, with the keys of `LineEditor`.
package final class TerminalLineReader: LineSource {
    private let modes: TerminalModes
    private let input: Int32
    private let output: Int32
    private let hasColor: Bool
    private var editor = LineEditor()
    private var decoder = KeyDecoder()
    private var display = LineDisplay()
    /// Keys typed ahead of the line they are for.
    private var waiting: [Key] = []

    /// A terminal tells an escape sequence's bytes apart from the escape key by their closeness.
    private static let escapeDelay: Int32 = 50

    /// - Parameter output: where the line is drawn; must be a terminal.
    ///
    /// Nil when the input is no terminal.
    package init?(input: Int32 = STDIN_FILENO, output: Int32, hasColor: Bool) {
        guard let modes = TerminalModes(descriptor: input) else { return nil }
        self.modes = modes
        self.input = input
        self.output = output
        self.hasColor = hasColor
    }

    package func next(prompt: String) -> LineEvent {
        editor.begin()
        display.forget()
        modes.beginEditing()
        defer { modes.beginWaiting() }
        draw(prompt)
        while true {
            guard let key = nextKey(redrawing: prompt) else { return .ended }
            let before = editor
            switch editor.handle(key) {
            case .editing: if waiting.isEmpty { draw(prompt) }
            case .line(let text):
                leave(before, prompt, mark: "")
                return .line(text)
            case .cancelled:
                leave(before, prompt, mark: "^C")
                return .cancelled
            case .ended:
                leave(before, prompt, mark: "")
                return .ended
            case .clearScreen:
                write("\u{1B}[H\u{1B}[2J")
                display.forget()
                draw(prompt)
            case .suspend:
                leave(before, prompt, mark: "^Z")
                modes.suspend()
                modes.beginEditing()
                draw(prompt)
            }
        }
    }

    package func letInterruptionsEnd() { modes.letInterruptionsEnd() }

    package var isInterrupted: Bool { modes.interruptionCount > 0 }

    // MARK: - The terminal

    private var style: (begin: String, end: String) {
        hasColor ? ("\u{1B}[1;32m", "\u{1B}[0m") : ("", "")
    }

    private var width: Int { Terminal(descriptor: output).width }

    private func draw(_ prompt: String) {
        write(display.draw(prompt: prompt, style: style, editor, width: width))
    }

    private func leave(_ line: LineEditor, _ prompt: String, mark: String) {
        var text = display.finish(prompt: prompt, style: style, line, width: width)
        if !mark.isEmpty { text = String(text.dropLast(1)) + mark + "\r\n" }
        write(text)
    }

    private func write(_ text: String) {
        // A terminal that is gone is noticed by the next read.
        try? FileSystem.write(Array(text.utf8), to: output, named: "terminal")
    }

    /// Waits for a key; nil when the terminal is gone.
    private func nextKey(redrawing prompt: String) -> Key? {
        while waiting.isEmpty {
            var requests = [input, modes.wakeDescriptor].map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            let count = poll(&requests, 2, decoder.isWaiting ? Self.escapeDelay : -1)
            if count < 0 {
                if errno == EINTR { continue }
                return nil
            }
            if count == 0 { waiting = decoder.flush() }
            if requests[1].revents != 0 {
                modes.clearWakes()
                modes.beginEditing()
                draw(prompt)
            }
            if requests[0].revents != 0 {
                let bytes = readBytes(from: input)
                if bytes.isEmpty { return nil }
                waiting = decoder.keys(of: bytes)
            }
        }
        return waiting.removeFirst()
    }
}
