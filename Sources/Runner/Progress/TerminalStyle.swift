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
    /// Whether more than ASCII may be written.
    package var usesUnicode: Bool
    /// Characters in a line.
    package var width: Int
    /// Lines on the screen.
    package var height: Int

    package init(
        isLive: Bool, usesColor: Bool, usesUnicode: Bool = false, width: Int, height: Int = 24
    ) {
        self.isLive = isLive
        self.usesColor = usesColor
        self.usesUnicode = usesUnicode
        self.width = width
        self.height = height
    }

    /// What the descriptor and the environment say: `TERM`, `NO_COLOR`, `COLUMNS`, and the
    /// character set of the locale.
    package static func detect(descriptor: Int32, environment: [String: String]) -> TerminalStyle {
        resolve(
            isTerminal: isatty(descriptor) == 1, window: window(descriptor),
            environment: environment)
    }

    static func resolve(
        isTerminal: Bool, window: (width: Int, height: Int)?, environment: [String: String]
    ) -> TerminalStyle {
        let kind = environment["TERM"] ?? ""
        let isLive = isTerminal && !kind.isEmpty && kind != "dumb"
        let wished = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        return TerminalStyle(
            isLive: isLive, usesColor: isLive && (environment["NO_COLOR"] ?? "").isEmpty,
            usesUnicode: isLive && hasUnicodeLocale(environment),
            width: min(wished ?? window?.width ?? 80, 500),
            height: min(window?.height ?? 24, 500))
    }

    /// The first of these variables that is set decides, as in setlocale(3).
    private static func hasUnicodeLocale(_ environment: [String: String]) -> Bool {
        let names = ["LC_ALL", "LC_CTYPE", "LANG"]
        let locale = names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        return ["utf-8", "utf8"].contains { locale.lowercased().hasSuffix($0) }
    }

    private static func window(_ descriptor: Int32) -> (width: Int, height: Int)? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
        else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
