import Experiments
import Store

/// Decides what runs next and what a failure means.
///
/// A job that fails is a row with its reason, and the next one runs. Only a store that refuses,
/// and the person, stop a run; either way everything that finished is kept.
package struct JobRunner {
    let store: any JobStore
    let executor: any JobExecutor
    let policy: RunPolicy
    let progress: any RunProgress
    let stop: StopRequests

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
                case .jobFailed, .badInput: "failed"
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
        var breaker = CircuitBreaker(limit: policy.sameFailureLimit)
        let order = policy.order.arranged(plan)
        for (place, index) in order.enumerated() {
            let line = plan[index]
            guard line.state == .ready, let job = line.job else {
                note(line, number: index + 1, &summary)
                if case .unavailable(let reason) = line.state, let job = line.job {
                    try keepSkip(job, reason, in: run)
                }
                continue
            }
            if stop.count > 0 { summary.wasInterrupted = true }
            if isTimeUp, !summary.wasInterrupted { summary.wasOutOfTime = true }
            if summary.wasInterrupted || summary.wasOutOfTime {
                summary.notStarted += 1
                continue
            }
            if let objection = breaker.objection(to: job.cell) {
                summary.skipped.append(
                    .init(number: index + 1, title: job.cell.title, reason: objection))
                try keepSkip(job, objection, in: run)
                continue
            }
            tellOutlook(plan, order[place...])
            let outcome = try attempt(job, number: index + 1, in: run, &summary)
            switch outcome {
            case .done: breaker.noteSuccess(of: job.cell)
            case .failed(let reason):
                breaker.noteFailure(of: job.cell, cause: nil, reason: reason)
            case .ended(let cause, let reason) where cause != .cancelled:
                breaker.noteFailure(of: job.cell, cause: cause, reason: reason)
            case .ended, .skipped, .interrupted: break
            }
        }
    }

    var isTimeUp: Bool { policy.deadline.map { SystemCalls.wallSeconds() >= $0 } ?? false }

    /// Tells when all will be done, as far as that is known.
    private func tellOutlook(_ plan: [PlannedJob], _ rest: ArraySlice<Int>) {
        let times = rest.filter { plan[$0].state == .ready }.map { index in
            plan[index].job.flatMap { policy.order.predictedSeconds[$0.id] }
        }
        progress.handle(
            .outlook(
                RunOutlook(
                    jobSeconds: times.first ?? nil,
                    laterSeconds: times.dropFirst().compactMap(\.self).reduce(0, +),
                    isComplete: !times.contains(nil))))
    }

    /// Counts a line of the plan that is not run.
    private func note(_ line: PlannedJob, number: Int, _ summary: inout RunSummary) {
        func incident(_ reason: String) -> RunSummary.Incident {
            .init(number: number, title: line.cell.title, reason: reason)
        }
        switch line.state {
        case .ready: break
        case .alreadyDone: summary.doneBefore += 1
        case .sameAs(let first, let reason):
            summary.repeated.append(incident(reason ?? "the same as job \(first)"))
        case .unavailable(let reason): summary.skipped.append(incident(reason))
        case .broken(let reason): summary.unable.append(incident(reason))
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

    func stored<Value>(_ doing: String, _ body: () throws -> Value) throws(RunnerError)
        -> Value
    {
        do { return try body() } catch { throw storeError(doing, error) }
    }

    func storeError(_ doing: String, _ error: any Error) -> RunnerError {
        .store(
            doing: doing, detail: "\(error)",
            next: "Jobs that finished before are kept; when the cause is mended, go on with: "
                + policy.resumeCommand)
    }
}
