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

    private func progress(
        live: Bool, color: Bool = false, unicode: Bool = true, width: Int = 80, height: Int = 24
    ) -> TerminalProgress {
        TerminalProgress(
            style: TerminalStyle(
                isLive: live, usesColor: color, usesUnicode: unicode, width: width, height: height),
            clock: { [clock] in clock.now }, write: { [screen] in screen.add($0) })
    }

    private func step(_ phase: String, _ completed: Int, _ total: Int, tokens: Int? = nil)
        -> RunEvent
    {
        .jobProgress(
            JobProgress(phase: phase, completed: completed, total: total, tokens: tokens))
    }

    /// Jobs in the order of the plan, and lines of it that are done, skipped or the same.
    private func plan(_ cells: [(quantization: String, task: String)]) throws -> [PlannedJob] {
        try cells.map { .ready(try sampleJob($0.task, quantization: $0.quantization)) }
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

    @Test func theRateIsShownAsItWasLately() {
        let progress = progress(live: true)
        progress.handle(.jobStarted(number: 1, of: 2, title: "tiny"))
        for (second, tokens) in [0, 100, 300, 700, 1500].enumerated() {
            progress.handle(step("anatomy", second, 8, tokens: tokens))
            clock.advance(1)
        }
        #expect(
            screen.all.last
                == "\rjob 1 of 2  anatomy  [=============>            ]   50%  ▂▃▅█ 800 t/s  ETA 0:04\u{1B}[K"
        )
        let plain = self.progress(live: false)
        plain.handle(.jobStarted(number: 1, of: 2, title: "tiny"))
        plain.handle(step("anatomy", 0, 8, tokens: 0))
        clock.advance(20)
        plain.handle(step("anatomy", 4, 8, tokens: 50))
        #expect(screen.all.last == "job 1 of 2: anatomy 4/8 (50%), 2.5 t/s, ETA 0:20\n")
    }

    @Test func aRateBeginsAnewWithAnotherProcess() {
        var rate = RateHistory()
        func note(_ tokens: Int?, at time: Double) {
            rate.note(
                JobProgress(phase: "", completed: 0, total: 0, tokens: tokens), now: time)
        }
        note(nil, at: 0)
        note(10, at: 1)
        note(20, at: 1.5)
        #expect(rate.text == nil && rate.sparkline.isEmpty)
        note(30, at: 2)
        #expect(rate.rates == [20] && rate.text == "20 t/s" && rate.sparkline.isEmpty)
        // A pause is no rate.
        note(30, at: 9)
        note(60, at: 10)
        #expect(rate.rates == [20, 30] && rate.sparkline == "▆█")
        note(5, at: 11)
        #expect(rate.rates.isEmpty)
        for second in 0..<40 { note(10 + 10 * second, at: 12 + Double(second)) }
        #expect(rate.rates.count == 12)
    }

    @Test func theMatrixFillsAboveTheLine() throws {
        let progress = progress(live: true, width: 60)
        let plan = try plan([("q8_0", "mmlu"), ("q8_0", "speed"), ("q4_0", "mmlu")])
        progress.handle(.started(plan: plan))
        progress.handle(.jobStarted(number: 1, of: 3, title: "tiny q8_0 mmlu cpu"))
        #expect(
            Array(screen.all.dropFirst()) == [
                "           mmlu  speed\ntiny q8_0   ▸      ·  \ntiny q4_0   ·         \n",
                "\rjob 1 of 3  starting\u{1B}[K",
            ])
        progress.handle(
            .jobEnded(number: 1, of: 3, title: "tiny q8_0 mmlu cpu", outcome: .done, seconds: 1))
        #expect(
            Array(screen.all.suffix(2)) == [
                "\r\u{1B}[3A\u{1B}[Jjob 1 of 3: done in 1 s\n",
                "           mmlu  speed\ntiny q8_0   ✓      ·  \ntiny q4_0   ·         \n",
            ])
        progress.handle(.ended(RunSummary(total: 3, resumeCommand: "a", freshCommand: "b")))
        // Of the table nothing is left below the summary.
        #expect(screen.all.contains { $0.hasPrefix("\r\u{1B}[3A\u{1B}[J3 jobs in ") })
        #expect(screen.all.last?.hasPrefix("\r\u{1B}[3A") == false || screen.all.count == 6)
    }

    @Test(arguments: [10, 20, 24, 40, 80, 200], [3, 5, 8, 24, 60])
    func theMatrixFitsTheScreen(width: Int, height: Int) throws {
        var cells: [(quantization: String, task: String)] = []
        for row in 0..<40 {
            for column in 0..<5 {
                cells.append(("quantization-\(row)", "a-task-with-a-long-name-\(column)"))
            }
        }
        var matrix = RunMatrix(plan: try plan(cells))
        matrix.set(.running, number: 101)
        let style = TerminalStyle(
            isLive: true, usesColor: false, usesUnicode: false, width: width, height: height)
        let lines = matrix.lines(width: width, height: height - 4, style: style)
        #expect(lines.count <= max(0, height - 4))
        for line in lines { #expect(line.count < width) }
        if width >= 80, height >= 8 {
            #expect(lines.contains { $0.contains("quantization-20") && $0.contains(">") })
            #expect(lines[0].hasPrefix("rows "))
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

    private struct StyleCase: CustomTestStringConvertible {
        let testDescription: String
        var window: Int? = 100
        var isTerminal = true
        let environment: [String: String]
        let isLive: Bool
        var usesColor = true
        var usesUnicode = false
        var width = 100
    }

    private static let styles: [StyleCase] = [
        StyleCase(testDescription: "terminal", environment: ["TERM": "xterm"], isLive: true),
        StyleCase(
            testDescription: "pipe", window: nil, isTerminal: false,
            environment: ["TERM": "xterm", "LANG": "C.UTF-8"], isLive: false, usesColor: false,
            width: 80),
        StyleCase(
            testDescription: "dumb", environment: ["TERM": "dumb", "LANG": "C.UTF-8"],
            isLive: false, usesColor: false),
        StyleCase(testDescription: "no TERM", environment: [:], isLive: false, usesColor: false),
        StyleCase(
            testDescription: "NO_COLOR", environment: ["TERM": "xterm", "NO_COLOR": "1"],
            isLive: true, usesColor: false),
        StyleCase(
            testDescription: "empty NO_COLOR", environment: ["TERM": "xterm", "NO_COLOR": ""],
            isLive: true),
        StyleCase(
            testDescription: "COLUMNS", environment: ["TERM": "xterm", "COLUMNS": "40"],
            isLive: true, width: 40),
        StyleCase(
            testDescription: "odd COLUMNS", window: nil,
            environment: ["TERM": "xterm", "COLUMNS": "-3"], isLive: true, width: 80),
        StyleCase(
            testDescription: "UTF-8",
            environment: ["TERM": "xterm", "LANG": "C", "LC_ALL": "de_DE.UTF-8"], isLive: true,
            usesUnicode: true),
        StyleCase(
            testDescription: "UTF-8 overruled",
            environment: ["TERM": "xterm", "LANG": "C.utf8", "LC_CTYPE": "C"], isLive: true),
    ]

    @Test(arguments: styles)
    private func style(expected: StyleCase) {
        let found = TerminalStyle.resolve(
            isTerminal: expected.isTerminal, window: expected.window.map { ($0, 30) },
            environment: expected.environment)
        #expect(found.isLive == expected.isLive)
        #expect(found.usesColor == expected.usesColor)
        #expect(found.usesUnicode == expected.usesUnicode)
        #expect(found.width == expected.width)
        #expect(found.height == (expected.window == nil ? 24 : 30))
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
