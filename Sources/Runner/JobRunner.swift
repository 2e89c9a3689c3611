import Experiments
import Store

/// Decides what runs next and what a failure means.
///
/// A job that fails is a row with its reason, and the next one runs. Only a store that refuses,
/// and the person, stop a run; either way everything that finished is kept.
package struct JobRunner {
    private let store: any JobStore
    private let executor: any JobExecutor
    private let policy: RunPolicy
    private let progress: any RunProgress
    private let stop: StopRequests

    package init(
        store: any JobStore, executor: any JobExecutor, policy: RunPolicy,
        progress: any RunProgress, stop: StopRequests
    ) {
        self.store = store
        self.executor = executor
        self.policy = policy
        self.progress = progress
        self.stop = stop
    }

    /// Runs what is not done yet, in the order of the plan.
    ///
    /// A run in which nothing can be done leaves no row.
    ///
    /// - Throws: when the store refuses. Failed jobs are in the summary instead.
    package func run(_ planned: [PlannedJob], facts: RunFacts) throws(RunnerError) -> RunSummary {
        let startTime = SystemCalls.monotonicSeconds()
        let finished = try stored("reading what is done already") {
            try store.finishedJobs(installation: facts.installation)
        }
        let plan = PlannedJob.resolve(planned, finished: finished, fresh: policy.fresh)
        var summary = RunSummary(
            total: plan.count, resumeCommand: policy.resumeCommand,
            freshCommand: policy.freshCommand)
        progress.handle(.started(plan: plan))
        if plan.contains(where: { $0.state == .ready }) {
            let run = try stored("beginning a run") { try store.beginRun(facts) }
            do {
                try work(through: plan, in: run, &summary)
            } catch {
                // The store may refuse this too; what it refused first is what matters.
                try? store.endRun(run, status: "failed")
                throw error
            }
            let status =
                switch summary.exit {
                case .success: "finished"
                case .jobFailed: "failed"
                case .interrupted: "interrupted"
                }
            try stored("ending the run") { try store.endRun(run, status: status) }
        } else {
            for (index, line) in plan.enumerated() { note(line, number: index + 1, &summary) }
        }
        summary.seconds = SystemCalls.monotonicSeconds() - startTime
        progress.handle(.ended(summary))
        return summary
    }

    private func work(through plan: [PlannedJob], in run: RunKey, _ summary: inout RunSummary)
        throws(RunnerError)
    {
        for (index, line) in plan.enumerated() {
            guard line.state == .ready, let job = line.job else {
                note(line, number: index + 1, &summary)
                if case .unavailable(let reason) = line.state, let job = line.job {
                    try keepSkip(job, reason, in: run)
                }
                continue
            }
            if summary.wasInterrupted || stop.count > 0 {
                summary.wasInterrupted = true
                summary.notStarted += 1
                continue
            }
            try attempt(job, number: index + 1, in: run, &summary)
        }
    }

    /// Counts a line of the plan that is not run.
    private func note(_ line: PlannedJob, number: Int, _ summary: inout RunSummary) {
        func incident(_ reason: String) -> RunSummary.Incident {
            .init(number: number, title: line.cell.title, reason: reason)
        }
        switch line.state {
        case .ready: break
        case .alreadyDone: summary.doneBefore += 1
        case .sameAs(let first): summary.repeated.append(incident("the same as job \(first)"))
        case .unavailable(let reason): summary.skipped.append(incident(reason))
        case .broken(let reason): summary.failed.append(incident(reason))
        // Whoever runs has fetched everything before.
        case .notPulled: summary.failed.append(incident("the model is not pulled yet."))
        }
    }

    private func keepSkip(_ job: Job, _ reason: String, in run: RunKey) throws(RunnerError) {
        try stored("keeping that '\(job.cell.title)' cannot run here") {
            let attempt = try store.beginAttempt(job, in: run)
            try store.finish(attempt, outcome: .skipped(reason: ReasonText.oneLine(reason)))
        }
    }

    /// One try at one job, from its row's first word to its last.
    private func attempt(_ job: Job, number: Int, in run: RunKey, _ summary: inout RunSummary)
        throws(RunnerError)
    {
        let title = job.cell.title
        let place = "job \(number) of \(summary.total) (\(title))"
        progress.handle(.jobStarted(number: number, of: summary.total, title: title))
        let startTime = SystemCalls.monotonicSeconds()
        let attempt = try stored("beginning \(place)") { try store.beginAttempt(job, in: run) }

        let completed =
            policy.fresh
            ? .none
            : try stored("taking over what is finished of \(place)") {
                try store.adoptUnfinishedWork(for: attempt)
            }

        var refusal: (any Error)?
        var outcome = outcome(of: job, resuming: completed) { event in
            // An executor that goes on after a refusal must not leave a gap in the middle.
            if let refusal { throw refusal }
            if case .progress(let step) = event {
                progress.handle(.jobProgress(step))
            }
            do {
                try store.record(event, for: attempt)
            } catch {
                refusal = error
                throw error
            }
        }
        if let refusal, Self.isJobsFault(refusal) {
            outcome = .failed(reason: ReasonText.oneLine("\(refusal)"))
        } else if let refusal {
            let reason = "its results could not be stored: \(refusal)"
            try? store.finish(attempt, outcome: .failed(reason: ReasonText.oneLine(reason)))
            throw storeError("keeping the results of \(place)", refusal)
        }
        try stored("keeping the outcome of \(place)") {
            try store.finish(attempt, outcome: outcome)
        }
        progress.handle(
            .jobEnded(
                number: number, of: summary.total, title: title, outcome: outcome,
                seconds: SystemCalls.monotonicSeconds() - startTime))

        func incident(_ reason: String) -> RunSummary.Incident {
            .init(number: number, title: title, reason: reason)
        }
        switch outcome {
        case .done: summary.done += 1
        case .failed(let reason): summary.failed.append(incident(reason))
        case .skipped(let reason): summary.skipped.append(incident(reason))
        case .interrupted:
            summary.wasInterrupted = true
            summary.interrupted = incident("interrupted")
        }
    }

    private func outcome(
        of job: Job, resuming completed: CompletedWork, report: (JobEvent) throws -> Void
    ) -> AttemptOutcome {
        do {
            try executor.execute(job, resuming: completed, report: report)
            return .done
        } catch JobFailure.failed(let reason) {
            return .failed(reason: ReasonText.oneLine(reason))
        } catch JobFailure.skipped(let reason) {
            return .skipped(reason: ReasonText.oneLine(reason))
        } catch JobFailure.interrupted {
            return .interrupted
        } catch {
            return .failed(reason: ReasonText.oneLine("\(error)"))
        }
    }

    /// Whether a refusal is about what the job reported, and so one failed row, or about the
    /// store itself.
    private static func isJobsFault(_ error: any Error) -> Bool {
        switch error as? StoreError {
        case .notFinite, .reportedTwice, .outOfRange, .notEncodable: true
        // A broken CHECK, or a type that the table does not take.
        case .sqlite(_, let code, _, _): [19, 20].contains(code & 0xff)
        default: false
        }
    }

    private func stored<Value>(_ doing: String, _ body: () throws -> Value) throws(RunnerError)
        -> Value
    {
        do { return try body() } catch { throw storeError(doing, error) }
    }

    private func storeError(_ doing: String, _ error: any Error) -> RunnerError {
        .store(
            doing: doing, detail: "\(error)",
            next: "Jobs that finished before are kept; when the cause is mended, go on with: "
                + policy.resumeCommand)
    }
}
