#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Live progress on stderr: one line redrawn on a terminal, plain lines now and then elsewhere.
///
///     pulling smollm2  [#########...............]  38%  35.7 MB of 92.9 MB  ETA 12s
package final class ProgressLine {
    private let terminal: Terminal
    private let write: (String) -> Void
    private let now: () -> ContinuousClock.Instant
    private let start: ContinuousClock.Instant
    private var lastShown: ContinuousClock.Instant?
    private var lastLabel: String?
    /// A line is on the screen that the next text must replace.
    private var isDrawn = false

    /// On a terminal at most ten redraws a second; elsewhere a line every five seconds.
    private var pause: Duration { terminal.redraws ? .milliseconds(100) : .seconds(5) }

    package convenience init() {
        self.init(
            terminal: Terminal(descriptor: 2), now: { ContinuousClock.now },
            write: { text in
                // Progress that nobody can see is no reason to fail.
                try? FileSystem.write(Array(text.utf8), to: 2, named: "stderr")
            })
    }

    /// For tests: any terminal, clock and place to write to.
    package init(
        terminal: Terminal, now: @escaping () -> ContinuousClock.Instant,
        write: @escaping (String) -> Void
    ) {
        self.terminal = terminal
        self.write = write
        self.now = now
        start = now()
    }

    /// Shows how far things are, unless it was shown a moment ago; a new label shows at once.
    ///
    /// - Parameters:
    ///   - fraction: 0...1, or nil while it is not known: then there is no bar and no ETA.
    ///   - remaining: the time left when the caller knows better than elapsed time and fraction.
    package func update(
        _ label: String, fraction: Double? = nil, detail: String = "", remaining: Duration? = nil
    ) {
        let time = now()
        if let lastShown, label == lastLabel, time - lastShown < pause { return }
        lastShown = time
        lastLabel = label
        let left = remaining ?? fraction.flatMap { Self.remaining(after: time - start, at: $0) }
        let line = Self.text(
            label, fraction: fraction, detail: detail, remaining: left,
            width: terminal.redraws ? terminal.width - 1 : nil)
        show(line)
    }

    /// Writes a line that stays, above the progress.
    package func note(_ text: String) {
        write((isDrawn ? "\r\u{1B}[K" : "") + text + "\n")
        isDrawn = false
        lastShown = nil
    }

    /// Takes the progress from the screen; every other writer to stderr must come after this.
    package func clear() {
        if isDrawn { write("\r\u{1B}[K") }
        isDrawn = false
        lastShown = nil
        lastLabel = nil
    }

    private func show(_ line: String) {
        if terminal.redraws {
            write("\r\u{1B}[K" + line)
            isDrawn = true
        } else {
            write(line + "\n")
        }
    }

    /// The line itself.
    ///
    /// With a width, the bar takes what the words leave and nothing is longer.
    package static func text(
        _ label: String, fraction: Double?, detail: String, remaining: Duration?, width: Int?
    ) -> String {
        var parts: [String] = []
        if let fraction { parts.append(percent(fraction)) }
        if !detail.isEmpty { parts.append(detail) }
        if let remaining { parts.append("ETA " + remaining.briefText) }
        let words = ([label] + parts).joined(separator: "  ")
        guard let width else { return words }
        if let fraction, width - words.count >= 14 {
            let bar = bar(fraction, columns: min(40, width - words.count - 4))
            return ([label, bar] + parts).joined(separator: "  ")
        }
        return words.count <= width ? words : String(words.prefix(max(0, width)))
    }

    private static func bar(_ fraction: Double, columns: Int) -> String {
        let full = Int((limited(fraction) * Double(columns)).rounded(.down))
        return "[" + String(repeating: "#", count: full)
            + String(repeating: ".", count: columns - full) + "]"
    }

    private static func percent(_ fraction: Double) -> String {
        let text = String(Int((limited(fraction) * 100).rounded(.down)))
        return String(repeating: " ", count: max(0, 3 - text.count)) + text + "%"
    }

    private static func limited(_ fraction: Double) -> Double {
        fraction.isFinite ? min(max(fraction, 0), 1) : 0
    }

    /// As long as it has taken so far per part, for the parts that are left.
    package static func remaining(after elapsed: Duration, at fraction: Double) -> Duration? {
        guard fraction > 0.001, fraction <= 1, elapsed > .zero else { return nil }
        return elapsed * ((1 - fraction) / fraction)
    }
}

extension Duration {
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }

    /// `8s`, `1m 05s`, `2h 03m`, `3d 04h`; rounded up, so that `0s` is the end.
    package var briefText: String {
        // A twentieth less: an estimate of 10.0000001 is not eleven.
        let total = max(0, Int(min((seconds - 0.05).rounded(.up), 1e9)))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return switch total {
        case ..<60: "\(total)s"
        case ..<3600: "\(total / 60)m \(two(total % 60))s"
        case ..<86_400: "\(total / 3600)h \(two(total % 3600 / 60))m"
        default: "\(total / 86_400)d \(two(total % 86_400 / 3600))h"
        }
    }
}

/// Byte counts as people write them: decimal units, one digit after the point.
package enum ByteCount {
    /// `999 B`, `1.5 kB`, `98.4 MB`.
    package static func text(_ bytes: Int64) -> String {
        guard bytes >= 1000 else { return "\(bytes) B" }
        var value = Double(bytes)
        var unit = ""
        for name in ["kB", "MB", "GB", "TB"] where value >= 999.95 || unit.isEmpty {
            value /= 1000
            unit = name
        }
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(unit)"
    }
}
