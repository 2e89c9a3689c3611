import Basics
import Testing

@Suite struct TerminalTests {
    @Test(
        arguments: [
            (
                "a terminal", true, 120, ["TERM": "xterm"],
                Terminal(redraws: true, hasColor: true, width: 120)
            ),
            (
                "no colour", true, 120, ["TERM": "xterm", "NO_COLOR": "1"],
                Terminal(redraws: true, hasColor: false, width: 120)
            ),
            (
                "an empty NO_COLOR", true, 120, ["TERM": "xterm", "NO_COLOR": ""],
                Terminal(redraws: true, hasColor: true, width: 120)
            ),
            (
                "a dumb one", true, 120, ["TERM": "dumb"],
                Terminal(redraws: false, hasColor: false, width: 120)
            ),
            ("no TERM", true, nil, [:], Terminal(redraws: false, hasColor: false, width: 80)),
            (
                "a pipe", false, nil, ["TERM": "xterm"],
                Terminal(redraws: false, hasColor: false, width: 80)
            ),
            (
                "COLUMNS", false, nil, ["COLUMNS": "50"],
                Terminal(redraws: false, hasColor: false, width: 50)
            ),
            (
                "the terminal knows better", true, 90, ["TERM": "xterm", "COLUMNS": "50"],
                Terminal(redraws: true, hasColor: true, width: 90)
            ),
            (
                "nonsense", false, nil, ["COLUMNS": "-3"],
                Terminal(redraws: false, hasColor: false, width: 80)
            ),
        ] as [(String, Bool, Int?, [String: String], Terminal)])
    func whatMayBeWritten(
        name: String, isTerminal: Bool, columns: Int?, environment: [String: String],
        expected: Terminal
    ) {
        let found = Terminal(isTerminal: isTerminal, columns: columns, environment: environment)
        #expect(found == expected, "\(name)")
    }
}

@Suite struct ProgressLineTests {
    /// A clock that is moved by hand, and everything written.
    private final class Screen {
        var time = ContinuousClock.now
        var text = ""

        func line(redraws: Bool, width: Int = 80) -> ProgressLine {
            ProgressLine(
                terminal: Terminal(redraws: redraws, hasColor: false, width: width),
                now: { self.time }, write: { self.text += $0 })
        }
    }

    @Test func aTerminalIsRedrawnAtMostTenTimesASecond() {
        let screen = Screen()
        let line = screen.line(redraws: true)
        for step in 0..<1000 {
            line.update("work", fraction: Double(step) / 1000)
            screen.time += .milliseconds(1)
        }
        #expect(screen.text.split(separator: "\r").count == 10)
        #expect(!screen.text.contains("\n"))
        line.clear()
        #expect(screen.text.hasSuffix("\r\u{1B}[K"))
    }

    @Test func elsewhereALineNowAndThen() {
        let screen = Screen()
        let line = screen.line(redraws: false)
        for step in 0..<300 {
            line.update("work", fraction: Double(step) / 300, detail: "step \(step)")
            screen.time += .milliseconds(50)
        }
        line.update("next")
        #expect(
            screen.text == """
                work    0%  step 0
                work   33%  step 100  ETA 10s
                work   66%  step 200  ETA 5s
                next

                """)
        #expect(!screen.text.contains("\u{1B}"))
    }

    @Test func aNoteStaysAboveTheProgress() {
        let screen = Screen()
        let line = screen.line(redraws: true)
        line.update("work")
        line.note("something happened")
        line.update("work")
        #expect(
            screen.text
                == "\r\u{1B}[Kwork\r\u{1B}[Ksomething happened\n\r\u{1B}[Kwork")
    }

    @Test(
        arguments: [
            (0.5, 60, "pull  [##############............]   50%  5 MB of 10 MB  ETA 8s"),
            (0.5, 30, "pull   50%  5 MB of 10 MB  ETA"),
            (0.5, 8, "pull   5"),
            (7, 60, nil), (-1, 60, nil), (.nan, 60, nil),
        ] as [(Double, Int, String?)])
    func aLineIsNeverWiderThanTheTerminal(fraction: Double, width: Int, expected: String?) {
        let text = ProgressLine.text(
            "pull", fraction: fraction, detail: "5 MB of 10 MB", remaining: .seconds(8),
            width: width)
        #expect(text.count <= width)
        if let expected, width < 60 { #expect(text == expected) }
        if width == 60 { #expect(text.contains("[") && text.contains("ETA 8s")) }
    }

    @Test(arguments: [
        (0.0, "0s"), (0.2, "1s"), (59, "59s"), (60, "1m 00s"), (65, "1m 05s"), (3599.5, "1h 00m"),
        (7380, "2h 03m"), (273_600, "3d 04h"), (-5, "0s"), (1e30, "11574d 01h"),
    ])
    func durations(seconds: Double, text: String) {
        #expect(Duration.seconds(min(seconds, 1e15)).briefText == text)
    }

    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1550, "1.6 kB"), (92_871_040, "92.9 MB"),
        (999_950, "1.0 MB"), (7_500_000_000, "7.5 GB"), (-1, "-1 B"),
        (9_000_000_000_000_000, "9000.0 TB"),
    ])
    func byteCounts(bytes: Int64, text: String) {
        #expect(ByteCount.text(bytes) == text)
    }

    @Test func theTimeLeftIsAsLongAsItHasTaken() {
        #expect(ProgressLine.remaining(after: .seconds(10), at: 0.25) == .seconds(30))
        #expect(ProgressLine.remaining(after: .seconds(10), at: 0) == nil)
        #expect(ProgressLine.remaining(after: .zero, at: 0.5) == nil)
    }
}
