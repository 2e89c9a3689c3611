import Experiments
import Store
import Synchronization
import Testing

@testable import Runner

@Suite struct TerminalProgressTests {
    /// A clock that stands still until it is moved.
    final class Clock: Sendable {
        private let time = Mutex(0.0)
        var now: Double { time.withLock { $0 } }
        func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
    }

    private let clock = Clock()
    private let screen = Transcript()

    private func progress(live: Bool, color: Bool = false, width: Int = 80) -> TerminalProgress {
        TerminalProgress(
            style: TerminalStyle(isLive: live, usesColor: color, width: width),
            clock: { [clock] in clock.now }, write: { [screen] in screen.add($0) })
    }

    private func step(_ phase: String, _ completed: Int, _ total: Int) -> RunEvent {
        .jobProgress(JobProgress(phase: phase, completed: completed, total: total))
    }

    @Test func plainLinesWhereNothingCanBeRedrawn() {
        let progress = progress(live: false)
        progress.handle(.jobStarted(number: 3, of: 9, title: "tiny q8_0 mmlu cpu"))
        progress.handle(step("loading", 0, 0))
        clock.advance(5)
        progress.handle(step("anatomy", 10, 400))
        clock.advance(6)
        progress.handle(step("anatomy", 40, 400))
        progress.note("a word")
        progress.handle(
            .jobEnded(
                number: 3, of: 9, title: "tiny q8_0 mmlu cpu", outcome: .done, seconds: 83.4))
        progress.handle(
            .jobEnded(
                number: 4, of: 9, title: "t", outcome: .failed(reason: "killed."), seconds: 0.25))
        #expect(
            screen.text == """
                job 3 of 9: tiny q8_0 mmlu cpu
                job 3 of 9: anatomy 40/400 (10%), ETA 1:12
                a word
                job 3 of 9: done in 1 min 23 s
                job 4 of 9: failed after 0.3 s: killed.

                """)
    }

    @Test func oneLineIsDrawnAgainOnATerminal() {
        let progress = progress(live: true)
        progress.handle(.jobStarted(number: 1, of: 2, title: "tiny"))
        progress.handle(step("speed", 0, 10))
        clock.advance(0.05)
        progress.handle(step("speed", 1, 10))
        clock.advance(2)
        progress.handle(step("speed", 5, 10))
        progress.note("a word")
        progress.handle(
            .jobEnded(number: 1, of: 2, title: "tiny", outcome: .done, seconds: 2.05))
        let clear = "\u{1B}[K"
        let bar =
            "\rjob 1 of 2  speed  [===============>              ]   50%  ETA 0:02\(clear)"
        #expect(
            screen.all == [
                "\r\(clear)job 1 of 2: tiny\n", "\rjob 1 of 2  starting\(clear)", bar,
                "\r\(clear)a word\n", bar, "\r\(clear)job 1 of 2: done in 2.1 s\n",
            ])
    }

    @Test(arguments: [10, 20, 30, 40, 60, 80, 200])
    func linesFitTheWidth(width: Int) {
        let progress = progress(live: true, width: width)
        progress.handle(.jobStarted(number: 1, of: 2, title: "tiny"))
        let phase = "phase\u{1B}[2J " + String(repeating: "long ", count: 60)
        for completed in [0, 1, 99, 100, 101] {
            clock.advance(1)
            progress.handle(step(phase, completed, 100))
        }
        let lines = screen.all.dropFirst()
        #expect(lines.count == 6)
        for line in lines {
            #expect(line.hasPrefix("\r") && line.hasSuffix("\u{1B}[K"))
            #expect(line.dropFirst().dropLast(3).count <= max(10, width - 1))
            #expect(line.filter { $0 == "\u{1B}" }.count == 1)
        }
    }

    @Test func theCursorStaysVisible() {
        let progress = progress(live: true, color: true)
        progress.handle(.jobStarted(number: 1, of: 1, title: "t"))
        progress.handle(
            .jobEnded(number: 1, of: 1, title: "t", outcome: .interrupted, seconds: 1))
        #expect(!screen.text.contains("?25l"))
        #expect(screen.text.contains("\u{1B}[33minterrupted\u{1B}[0m after 1 s"))
    }

    @Test func theSummaryIsShown() {
        var summary = RunSummary(total: 1, resumeCommand: "again", freshCommand: "fresh")
        summary.done = 1
        summary.seconds = 3
        progress(live: false).handle(.ended(summary))
        #expect(screen.text == "1 job in 3 s: 1 done.\n")
    }

    @Test(arguments: [
        (
            "terminal", true, 100, ["TERM": "xterm"],
            TerminalStyle(isLive: true, usesColor: true, width: 100)
        ),
        (
            "pipe", false, nil, ["TERM": "xterm"],
            TerminalStyle(isLive: false, usesColor: false, width: 80)
        ),
        (
            "dumb", true, 100, ["TERM": "dumb"],
            TerminalStyle(isLive: false, usesColor: false, width: 100)
        ),
        ("no TERM", true, 100, [:], TerminalStyle(isLive: false, usesColor: false, width: 100)),
        (
            "NO_COLOR", true, 100, ["TERM": "xterm", "NO_COLOR": "1"],
            TerminalStyle(isLive: true, usesColor: false, width: 100)
        ),
        (
            "empty NO_COLOR", true, 100, ["TERM": "xterm", "NO_COLOR": ""],
            TerminalStyle(isLive: true, usesColor: true, width: 100)
        ),
        (
            "COLUMNS", true, 100, ["TERM": "xterm", "COLUMNS": "40"],
            TerminalStyle(isLive: true, usesColor: true, width: 40)
        ),
        (
            "odd COLUMNS", true, nil, ["TERM": "xterm", "COLUMNS": "-3"],
            TerminalStyle(isLive: true, usesColor: true, width: 80)
        ),
    ])
    func style(
        name: String, isTerminal: Bool, width: Int?, environment: [String: String],
        expected: TerminalStyle
    ) {
        let found = TerminalStyle.resolve(
            isTerminal: isTerminal, terminalWidth: width, environment: environment)
        #expect(found == expected, "\(name)")
    }

    @Test func paceGoesOnOverPhasesOfOneCount() {
        var pace = Pace()
        #expect(pace.secondsLeft == nil)
        pace.note(JobProgress(phase: "a", completed: 0, total: 100), now: 10)
        #expect(pace.secondsLeft == nil)
        pace.note(JobProgress(phase: "b", completed: 25, total: 100), now: 20)
        #expect(pace.secondsLeft == 30)
        pace.note(JobProgress(phase: "c", completed: 1, total: 5), now: 21)
        #expect(pace.secondsLeft == nil)
        pace.note(JobProgress(phase: "c", completed: 3, total: 5), now: 23)
        #expect(pace.secondsLeft == 2)
        pace.note(JobProgress(phase: "d", completed: 0, total: 5), now: 24)
        #expect(pace.secondsLeft == nil)
    }

    @Test(arguments: [
        (0, "0 s", "0:00"), (0.04, "0 s", "0:00"), (12.34, "12.3 s", "0:12"),
        (59.96, "1 min 00 s", "1:00"), (83, "1 min 23 s", "1:23"),
        (3599.7, "1 h 00 min", "1:00:00"), (7385, "2 h 03 min", "2:03:05"), (-1, "?", "?"),
        (.infinity, "?", "?"),
    ])
    func durations(seconds: Double, plain: String, clock: String) {
        #expect(DurationText.plain(seconds) == plain)
        #expect(DurationText.clock(seconds) == clock)
    }
}
