#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What may be written to the screen that somebody watches.
package struct TerminalStyle: Hashable, Sendable {
    /// Whether a line may be drawn again and again; otherwise plain lines are appended.
    package var isLive: Bool
    package var usesColor: Bool
    /// Characters in a line.
    package var width: Int

    package init(isLive: Bool, usesColor: Bool, width: Int) {
        self.isLive = isLive
        self.usesColor = usesColor
        self.width = width
    }

    /// What the descriptor and the environment say: `TERM`, `NO_COLOR`, `COLUMNS`.
    package static func detect(descriptor: Int32, environment: [String: String]) -> TerminalStyle {
        resolve(
            isTerminal: isatty(descriptor) == 1, terminalWidth: windowWidth(descriptor),
            environment: environment)
    }

    static func resolve(isTerminal: Bool, terminalWidth: Int?, environment: [String: String])
        -> TerminalStyle
    {
        let kind = environment["TERM"] ?? ""
        let isLive = isTerminal && !kind.isEmpty && kind != "dumb"
        let wished = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        return TerminalStyle(
            isLive: isLive, usesColor: isLive && (environment["NO_COLOR"] ?? "").isEmpty,
            width: min(wished ?? terminalWidth ?? 80, 500))
    }

    private static func windowWidth(_ descriptor: Int32) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }
}
