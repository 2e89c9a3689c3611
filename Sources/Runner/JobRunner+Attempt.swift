import Experiments
import Store

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension JobRunner {
    /// A job from its first try to its last: what may pass is tried again after a pause.
    func attempt(_ job: Job, number: Int, in run: RunKey, _ summary: inout RunSummary)
        throws(RunnerError) -> AttemptOutcome
    {
        let title = job.cell.title
        progress.handle(.jobStarted(number: number, of: summary.total, title: title))
        let startTime = SystemCalls.monotonicSeconds()
        var findings = JobFindings()
        var outcome = try oneTry(job, number: number, in: run, summary.total, &findings)
        var retry = 1
        while case .ended(let cause, let reason) = outcome, cause.mayPass,
            retry <= policy.retries.limit
        {
            let delay = policy.retries.delaySeconds(before: retry)
            progress.handle(
                .jobRetried(
                    retry: retry, of: policy.retries.limit, cause: cause, reason: reason,
                    delaySeconds: delay))
            guard waits(seconds: delay) else { break }
            findings = JobFindings()
            outcome = try oneTry(job, number: number, in: run, summary.total, &findings)
            retry += 1
        }
        progress.handle(
            .jobEnded(
                number: number, of: summary.total, title: title, outcome: outcome,
                seconds: SystemCalls.monotonicSeconds() - startTime))
        summary.note(outcome, of: job.cell, number: number, findings: findings)
        if case .interrupted = outcome, stop.count == 0, isTimeUp {
            summary.wasInterrupted = false
            summary.wasOutOfTime = true
        }
        return outcome
    }

    /// One try at a job, from its row's first word to its last.
    private func oneTry(
        _ job: Job, number: Int, in run: RunKey, _ total: Int, _ findings: inout JobFindings
    ) throws(RunnerError) -> AttemptOutcome {
        let place = "job \(number) of \(total) (\(job.cell.title))"
        let attempt: AttemptKey
        do {
            attempt = try store.beginAttempt(job, in: run)
        } catch let error as StoreError {
            // Two runs share the work of one plan.
            if case .takenByAnotherRun = error { return .skipped(reason: "\(error)") }
            throw storeError("beginning \(place)", error)
        } catch {
            throw storeError("beginning \(place)", error)
        }
        let completed =
            policy.fresh
            ? .none
            : try stored("taking over what is finished of \(place)") {
                try store.adoptUnfinishedWork(for: attempt)
            }
        var refusal: (any Error)?
        var heart = Heart(job: job, number: number, total: total)
        var outcome = outcome(of: job, resuming: completed) { event in
            // An executor that goes on after a refusal must not leave a gap in the middle.
            if let refusal { throw refusal }
            if case .progress(let step) = event {
                progress.handle(.jobProgress(step))
            }
            do {
                try store.record(event, for: attempt)
                if let beat = heart.beat(event) {
                    try store.beat(beat, in: run)
                    if try store.cancelledJobs(in: run).contains(job.id) {
                        throw JobFailure.ended(.cancelled, reason: "by `billion cancel`.")
                    }
                }
            } catch let wish as JobFailure {
                throw wish
            } catch {
                refusal = error
                throw error
            }
            findings.note(event)
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
        return outcome
    }

    private func outcome(
        of job: Job, resuming completed: CompletedWork, report: (JobEvent) throws -> Void
    ) -> AttemptOutcome {
        do {
            try executor.execute(job, resuming: completed, report: report)
            return .done
        } catch JobFailure.failed(let reason) {
            return .failed(reason: ReasonText.oneLine(reason))
        } catch JobFailure.ended(let cause, let reason) {
            return .ended(cause, reason: ReasonText.oneLine(reason))
        } catch JobFailure.skipped(let reason) {
            return .skipped(reason: ReasonText.oneLine(reason))
        } catch JobFailure.interrupted {
            return .interrupted
        } catch {
            return .failed(reason: ReasonText.oneLine("\(error)"))
        }
    }

    /// Waits before a retry; false when meanwhile the run is to end.
    private func waits(seconds: Double) -> Bool {
        let end = SystemCalls.monotonicSeconds() + seconds
        while stop.count == 0, !isTimeUp {
            let left = end - SystemCalls.monotonicSeconds()
            if left <= 0 { return true }
            var entry = pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&entry, 1, Int32(min(left, 1) * 1000) + 1)
        }
        return false
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
}
