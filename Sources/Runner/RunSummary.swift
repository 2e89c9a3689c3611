import Experiments
import Store

/// The code that the program exits with.
package enum RunExit: Int32, Hashable, Sendable {
    case success = 0
    case jobFailed = 1
    /// Something that the manifest names is not there, or not what it should be.
    case badInput = 2
    case interrupted = 130
}

/// How a run ended, job by job.
package struct RunSummary: Hashable, Sendable {
    /// A job and why it has no result.
    package struct Incident: Hashable, Sendable {
        /// Its number in the plan, from 1.
        package var number: Int
        package var title: String
        package var reason: String
        /// What ended its process, where it was not its own word.
        package var cause: FailureCause?

        package init(number: Int, title: String, reason: String, cause: FailureCause? = nil) {
            self.number = number
            self.title = title
            self.reason = reason
            self.cause = cause
        }
    }

    package var total: Int
    /// Finished in this run.
    package var done = 0
    /// Finished in an earlier run.
    package var doneBefore = 0
    package var failed: [Incident] = []
    package var skipped: [Incident] = []
    /// Jobs whose model, or what it is used with, is not what the manifest promises.
    package var unable: [Incident] = []
    /// Jobs that are the same as an earlier one of the plan.
    package var repeated: [Incident] = []
    /// The job that was stopped, if one was running.
    package var interrupted: Incident?
    /// Jobs that were not reached.
    package var notStarted = 0
    package var wasInterrupted = false
    /// The time that the run was given is over.
    package var wasOutOfTime = false
    /// Jobs whose timings were disturbed for as long as they were tried.
    package var noisy: [Incident] = []
    /// Figures of the jobs that were done.
    var figures = RunFigures()
    package var seconds = 0.0
    package var resumeCommand: String
    package var freshCommand: String

    package init(total: Int, resumeCommand: String, freshCommand: String) {
        self.total = total
        self.resumeCommand = resumeCommand
        self.freshCommand = freshCommand
    }

    package var exit: RunExit {
        if wasInterrupted || wasOutOfTime { return .interrupted }
        if !failed.isEmpty { return .jobFailed }
        return unable.isEmpty ? .success : .badInput
    }

    /// Whether the run found nothing that it could do.
    package var hadNothingToDo: Bool {
        done == 0 && exit == .success && doneBefore > 0
    }

    /// The summary as lines for a person.
    package var lines: [String] {
        var lines = [hadNothingToDo ? nothingToDo : counts]
        let groups = [
            (nil, failed), (PlannedJob.unableWord, unable), ("skipped", skipped),
            ("repeated", repeated), ("noisy", noisy),
        ]
        for (word, incidents) in groups { lines += self.lines(word, incidents) }
        lines += figures.lines
        if hadNothingToDo {
            lines.append("To measure again beside the old rows: \(freshCommand)")
        }
        if let interrupted {
            lines.append(
                "  interrupted  job \(interrupted.number) of \(total): \(interrupted.title)")
        }
        if wasInterrupted {
            lines.append("Interrupted; what is finished is kept. Go on with: \(resumeCommand)")
        } else if wasOutOfTime {
            lines.append("The time is up; what is finished is kept. Go on with: \(resumeCommand)")
        } else if !failed.isEmpty {
            lines.append("Finished jobs are kept. Try the failed ones again with: \(resumeCommand)")
        } else if !unable.isEmpty {
            lines.append("With that mended, the same command goes on: \(resumeCommand)")
        } else if !noisy.isEmpty {
            lines.append("Measure the noisy ones again in a quieter hour: \(freshCommand)")
        }
        return lines
    }

    private var nothingToDo: String {
        let jobs = doneBefore == 1 ? "1 job is" : "\(doneBefore) jobs are"
        return "Nothing left to do: \(jobs) done already on this machine."
    }

    private var counts: String {
        var parts = ["\(done) done"]
        if doneBefore > 0 { parts.append("\(doneBefore) done before") }
        if !failed.isEmpty { parts.append("\(failed.count) failed" + causes) }
        if !unable.isEmpty { parts.append("\(unable.count) \(PlannedJob.unableWord)") }
        if !skipped.isEmpty { parts.append("\(skipped.count) skipped") }
        if !repeated.isEmpty { parts.append("\(repeated.count) repeated") }
        if !noisy.isEmpty { parts.append("\(noisy.count) noisy") }
        if interrupted != nil { parts.append("1 interrupted") }
        if notStarted > 0 { parts.append("\(notStarted) not started") }
        let jobs = total == 1 ? "1 job" : "\(total) jobs"
        return "\(jobs) in \(DurationText.plain(seconds)): \(parts.joined(separator: ", "))."
    }

    /// ` (1 crashed, 2 timed out)`; nothing when all said themselves why.
    private var causes: String {
        let parts = FailureCause.allCases.compactMap { cause in
            let count = failed.count { $0.cause == cause }
            return count > 0 ? "\(count) \(cause.rawValue)" : nil
        }
        return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
    }

    /// Counts how a job that was tried has ended.
    mutating func note(
        _ outcome: AttemptOutcome, of cell: Cell, number: Int, findings: JobFindings
    ) {
        func incident(_ reason: String, _ cause: FailureCause? = nil) -> Incident {
            Incident(number: number, title: cell.title, reason: reason, cause: cause)
        }
        switch outcome {
        case .done:
            done += 1
            figures.note(findings.metrics, of: cell)
            if let noise = findings.noise { noisy.append(incident(noise)) }
        case .failed(let reason): failed.append(incident(reason))
        case .ended(let cause, let reason): failed.append(incident(reason, cause))
        case .skipped(let reason): skipped.append(incident(reason))
        case .interrupted:
            wasInterrupted = true
            interrupted = incident("interrupted")
        }
    }

    /// A line for each reason, which several jobs may share.
    ///
    /// - Parameter word: what became of them; nil where each says itself what ended it.
    private func lines(_ word: String?, _ incidents: [Incident]) -> [String] {
        struct Reason: Hashable {
            var word: String
            var text: String
        }
        func reason(_ incident: Incident) -> Reason {
            Reason(
                word: word ?? incident.cause?.rawValue ?? "failed",
                text: ReasonText.oneLine(incident.reason))
        }
        let groups = Dictionary(grouping: incidents, by: reason)
        return incidents.map(reason).unique().map { reason in
            let jobs = groups[reason] ?? []
            let more = jobs.count > 1 ? " and \(jobs.count - 1) more" : ""
            return "  \(reason.word)  \(JobNumbers.text(jobs.map(\.number))) of \(total): "
                + "\(jobs.first?.title ?? "")\(more): \(reason.text)"
        }
    }
}
