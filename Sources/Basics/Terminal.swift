#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What may be written to a descriptor: redrawn lines, colours, how wide.
package struct Terminal: Sendable, Hashable {
    /// A person is watching, and the cursor can go back to the line's start.
    package var redraws: Bool
    /// Colours are wanted as well (`NO_COLOR` is not set).
    package var hasColor: Bool
    /// Columns of a line.
    package var width: Int

    package init(redraws: Bool, hasColor: Bool, width: Int) {
        self.redraws = redraws
        self.hasColor = hasColor
        self.width = width
    }

    /// Looks at a descriptor and at TERM, NO_COLOR and COLUMNS.
    package init(
        descriptor: Int32, environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        let isTerminal = isatty(descriptor) == 1
        self.init(
            isTerminal: isTerminal, columns: isTerminal ? columns(of: descriptor) : nil,
            environment: environment)
    }

    package init(isTerminal: Bool, columns: Int?, environment: [String: String]) {
        let kind = environment["TERM"] ?? "dumb"
        redraws = isTerminal && kind != "dumb" && !kind.isEmpty
        hasColor = redraws && (environment["NO_COLOR"] ?? "").isEmpty
        let wanted = environment["COLUMNS"].flatMap { Int($0) }
        width = [columns, wanted].compactMap { $0 }.first { (1...10_000).contains($0) } ?? 80
    }
}

/// The terminal's own width, or nil when it does not say.
private func columns(of descriptor: Int32) -> Int? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
}
