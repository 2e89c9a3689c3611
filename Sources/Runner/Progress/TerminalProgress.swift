import Experiments
import Store
import Synchronization

/// Shows a run on stderr: on a terminal the matrix with a line below it that is drawn again and
/// again, plain lines elsewhere.
///
///     job 3 of 9: smollm2-135m-instruct q8_0 mmlu cpu
///                                 mmlu  speed
///     smollm2-135m-instruct q8_0   ▸      ✓
///     job 3 of 9  anatomy  [================>         ]   55%  ▅▆▇█ 512 t/s  ETA 0:42
///
/// The cursor is never hidden, so nothing has to be put back when the program is killed.
package final class TerminalProgress: RunProgress, Sendable {
    /// The job that is on the screen.
    private struct Current {
        var number: Int
        var total: Int
        var step: JobProgress?
        var pace = Pace()
        var rate = RateHistory()
        var lastDrawn: Double
        var startTime: Double
        var outlook: RunOutlook?
    }

    private static let redrawInterval = 0.1
    private static let plainInterval = 10.0

    private let style: TerminalStyle
    private let clock: @Sendable () -> Double
    private let write: @Sendable (String) -> Void
    private let wallClock: @Sendable () -> Double
    private let current = Mutex<Current?>(nil)
    private let outlook = Mutex<RunOutlook?>(nil)
    private let matrix = Mutex(Matrix())

    private struct Matrix {
        var content: RunMatrix?
        /// Its lines that are on the screen, above the line of the cursor.
        var drawnLines = 0
    }

    /// - Parameter write: takes text as it is; by default it goes to stderr.
    /// - Parameter clock: seconds; only differences count.
    /// - Parameter wallClock: seconds since 1970, for telling when all will be done.
    package init(
        style: TerminalStyle, clock: (@Sendable () -> Double)? = nil,
        wallClock: (@Sendable () -> Double)? = nil, write: (@Sendable (String) -> Void)? = nil
    ) {
        self.style = style
        self.wallClock = wallClock ?? { SystemCalls.wallSeconds() }
        self.clock = clock ?? { SystemCalls.monotonicSeconds() }
        self.write =
            write ?? { text in
                // A screen that is gone is no reason to stop measuring.
                try? SystemCalls.writeAll(Array(text.utf8), to: 2)
            }
    }

    /// Says a line in between; the progress line is drawn again below it.
    package func note(_ line: String) {
        current.withLock { job in
            writeLine(line)
            drawMatrix()
            if style.isLive, job != nil { draw(&job, force: true) }
        }
    }

    package func handle(_ event: RunEvent) {
        current.withLock { job in
            switch event {
            case .started(let plan):
                let table = RunMatrix(plan: plan)
                warn(of: plan)
                if style.isLive, table.isWorthShowing { matrix.withLock { $0.content = table } }
            case .outlook(let new):
                outlook.withLock { $0 = new }
            case .jobRetried(let retry, let limit, let cause, let reason, let delay):
                writeLine("\(colored(cause.rawValue, 33)): \(reason)")
                writeLine("retry \(retry) of \(limit) in \(DurationText.plain(delay))")
                drawMatrix()
            case .jobStarted(let number, let total, let title):
                writeLine("job \(number) of \(total): \(title)")
                matrix.withLock { $0.content?.set(.running, number: number) }
                drawMatrix()
                job = Current(
                    number: number, total: total, lastDrawn: clock(), startTime: clock(),
                    outlook: outlook.withLock { $0 })
                if style.isLive { draw(&job, force: true) }
            case .jobProgress(let step):
                job?.step = step
                job?.pace.note(step, now: clock())
                job?.rate.note(step, now: clock())
                draw(&job, force: false)
            case .jobEnded(let number, let total, _, let outcome, let seconds):
                job = nil
                writeLine("job \(number) of \(total): \(words(for: outcome, seconds))")
                matrix.withLock { $0.content?.set(Self.state(of: outcome), number: number) }
                drawMatrix()
            case .ended(let summary):
                job = nil
                matrix.withLock { $0.content = nil }
                for line in summary.lines { writeLine(line) }
            }
        }
    }

    /// Whoever would wait for a job that cannot run is told before the others take their time.
    private func warn(of plan: [PlannedJob]) {
        guard plan.contains(where: { $0.state == .ready }) else { return }
        var numbers: [String: [Int]] = [:]
        for (index, line) in plan.enumerated() {
            if case .broken(let reason) = line.state { numbers[reason, default: []] += [index + 1] }
        }
        let word = PlannedJob.unableWord
        for (reason, jobs) in numbers.sorted(by: { $0.value[0] < $1.value[0] }) {
            writeLine("\(JobNumbers.text(jobs)) \(word): \(ReasonText.oneLine(reason))")
        }
    }

    private func words(for outcome: AttemptOutcome, _ seconds: Double) -> String {
        let time = DurationText.plain(seconds)
        return switch outcome {
        case .done: colored("done", 32) + " in \(time)"
        case .failed(let reason): colored("failed", 31) + " after \(time): \(reason)"
        case .ended(let cause, let reason):
            colored(cause.rawValue, 31) + " after \(time): \(reason)"
        case .skipped(let reason): colored("skipped", 33) + ": \(reason)"
        case .interrupted: colored("interrupted", 33) + " after \(time)"
        }
    }

    private static func state(of outcome: AttemptOutcome) -> RunMatrix.State {
        switch outcome {
        case .done: .done
        case .failed, .ended: .failed
        case .skipped: .skipped
        case .interrupted: .interrupted
        }
    }

    private func colored(_ text: String, _ code: Int) -> String {
        style.usesColor ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    private func writeLine(_ text: String) {
        write(erasure() + text + "\n")
    }

    /// What takes the matrix and the line below it off the screen.
    private func erasure() -> String {
        guard style.isLive else { return "" }
        let lines = matrix.withLock { matrix in
            defer { matrix.drawnLines = 0 }
            return matrix.drawnLines
        }
        return lines > 0 ? "\r\u{1B}[\(lines)A\u{1B}[J" : "\r\u{1B}[K"
    }

    /// Rows of the screen that stay for what scrolls above.
    private static let linesAbove = 4

    private func drawMatrix() {
        matrix.withLock { matrix in
            let lines =
                matrix.content?.lines(
                    width: style.width, height: style.height - Self.linesAbove, style: style) ?? []
            matrix.drawnLines = lines.count
            if !lines.isEmpty { write(lines.map { $0 + "\n" }.joined()) }
        }
    }

    private func draw(_ job: inout Current?, force: Bool) {
        guard var shown = job else { return }
        let now = clock()
        let interval = style.isLive ? Self.redrawInterval : Self.plainInterval
        guard force || now - shown.lastDrawn >= interval else { return }
        shown.lastDrawn = now
        job = shown
        if style.isLive {
            write("\r" + liveLine(shown) + "\u{1B}[K")
        } else {
            writeLine(plainLine(shown))
        }
    }

    // MARK: - The lines

    private func liveLine(_ job: Current) -> String {
        let phase = ReasonText.oneLine(job.step?.phase ?? "starting")
        let left = "job \(job.number) of \(job.total)  \(phase)"
        // The last column stays empty: some terminals wrap when it is written.
        let room = max(10, style.width - 1)
        let end = predictedEnd(job).map { "  " + $0 } ?? ""
        guard let step = job.step, let fraction = Self.fraction(step) else {
            return Self.cut(left, max(0, room - end.count)) + Self.cut(end, room)
        }
        let percent = "\(Int(fraction * 100))%"
        let done = "  " + String(repeating: " ", count: max(0, 4 - percent.count)) + percent
        let rest = (job.pace.secondsLeft.map { "  ETA \(DurationText.clock($0))" } ?? "") + end
        var right = done + rest
        if let rate = job.rate.text {
            let line = style.usesUnicode ? job.rate.sparkline : ""
            // It gives way where the others fill the line.
            let fitting = ["  \(line)\(line.isEmpty ? "" : " ")\(rate)", "  \(rate)"].first {
                left.count + right.count + $0.count <= room
            }
            right = done + (fitting ?? "") + rest
        }
        let barWidth = min(30, room - right.count - min(left.count, room / 2) - 4)
        if barWidth >= 5 { right = "  [\(Self.bar(fraction, barWidth))]" + right }
        return Self.cut(left, max(0, room - right.count)) + Self.cut(right, room)
    }

    private func plainLine(_ job: Current) -> String {
        let phase = ReasonText.oneLine(job.step?.phase ?? "starting")
        var line = "job \(job.number) of \(job.total): \(phase)"
        guard let step = job.step, let fraction = Self.fraction(step) else { return line }
        line += " \(step.completed)/\(step.total) (\(Int(fraction * 100))%)"
        if let rate = job.rate.text { line += ", \(rate)" }
        if let rest = job.pace.secondsLeft { line += ", ETA \(DurationText.clock(rest))" }
        if let end = predictedEnd(job) { line += ", \(end)" }
        return line
    }

    /// When all jobs will be done: `ends 03:12`, or `ends after 03:12` where the time of some is
    /// not known.
    private func predictedEnd(_ job: Current) -> String? {
        guard let outlook = job.outlook else { return nil }
        let elapsed = clock() - job.startTime
        let left = outlook.jobSeconds.map { max(0, $0 - elapsed) } ?? job.pace.secondsLeft
        guard let left, left + outlook.laterSeconds > 0 else { return nil }
        let time = LocalTime.clock(wallClock() + left + outlook.laterSeconds)
        return "\(outlook.isComplete ? "ends" : "ends after") \(time)"
    }

    private static func fraction(_ step: JobProgress) -> Double? {
        guard step.total > 0 else { return nil }
        return min(1, max(0, Double(step.completed) / Double(step.total)))
    }

    private static func bar(_ fraction: Double, _ width: Int) -> String {
        let filled = min(width, Int(fraction * Double(width)))
        let head = filled < width ? ">" : ""
        return String(repeating: "=", count: filled) + head
            + String(repeating: " ", count: width - filled - head.count)
    }

    private static func cut(_ text: String, _ width: Int) -> String {
        if text.count <= width { return text }
        return width < 4 ? String(text.prefix(width)) : text.prefix(width - 3) + "..."
    }
}

/// Estimates the time that is left from the pace since the count began.
///
/// A count goes on over several phases as long as its total stays and it does not fall back.
struct Pace {
    private var total = 0
    private var first: (completed: Int, time: Double)?
    private var latest: (completed: Int, time: Double)?

    mutating func note(_ step: JobProgress, now: Double) {
        if first == nil || step.total != total || step.completed < latest?.completed ?? 0 {
            total = step.total
            first = (step.completed, now)
        }
        latest = (step.completed, now)
    }

    /// nil until there is something to judge by.
    var secondsLeft: Double? {
        guard let first, let latest, latest.completed > first.completed, total > 0 else {
            return nil
        }
        let pace = (latest.time - first.time) / Double(latest.completed - first.completed)
        return pace * Double(max(0, total - latest.completed))
    }
}
