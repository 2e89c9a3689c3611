import Basics

/// A job by all that decides how long it takes.
package struct TimedJob: Hashable, Sendable {
    /// What identifies the model; nil before it is here.
    package var modelDigest: String?
    /// Weights of the model, where its shape is known.
    package var parameters: Int?
    package var quantization: String
    package var taskKind: String
    package var taskSettings: [String: JSONValue]
    package var backend: String
    /// Resolved: threads are a number.
    package var hardwareSettings: [String: JSONValue]
    package var cost: JobCost?

    package init(
        modelDigest: String?, parameters: Int?, quantization: String, taskKind: String,
        taskSettings: [String: JSONValue], backend: String, hardwareSettings: [String: JSONValue],
        cost: JobCost?
    ) {
        self.modelDigest = modelDigest
        self.parameters = parameters
        self.quantization = quantization
        self.taskKind = taskKind
        self.taskSettings = taskSettings
        self.backend = backend
        self.hardwareSettings = hardwareSettings
        self.cost = cost
    }
}

/// A job that was finished before.
package struct PastJob: Hashable, Sendable {
    package var job: TimedJob
    package var seconds: Double

    package init(job: TimedJob, seconds: Double) {
        self.job = job
        self.seconds = seconds
    }
}

/// How long a job will take, and how that is known.
package struct TimePrediction: Hashable, Sendable {
    package enum Basis: Hashable, Sendable, CaseIterable {
        /// The same job was measured here.
        case measured
        /// Rates were measured just now.
        case probed
        /// The nearest job that was measured here, in proportion to the work.
        case scaled
    }

    package let seconds: Double
    package let basis: Basis

    /// The best that can be said; nil when nothing is known.
    ///
    /// - Parameters:
    ///   - past: jobs of this installation with the seconds they took, the newest first.
    ///   - rates: of the job's format on this machine, where they were measured.
    package init?(_ job: TimedJob, past: [PastJob], rates: MachineRates?) {
        let alike = past.filter { other in
            other.job.taskKind == job.taskKind && other.job.backend == job.backend
                && other.job.hardwareSettings == job.hardwareSettings
        }
        let same = alike.first { other in
            job.modelDigest != nil && other.job.modelDigest == job.modelDigest
                && other.job.quantization == job.quantization
                && other.job.taskSettings == job.taskSettings
        }
        if let same {
            (seconds, basis) = (same.seconds, .measured)
        } else if let cost = job.cost, let rates {
            (seconds, basis) = (cost.seconds(at: rates), .probed)
        } else if let cost = job.cost, let near = Self.nearest(to: job, among: alike),
            let nearCost = near.job.cost
        {
            let share = cost.seconds(at: .nominal) / nearCost.seconds(at: .nominal)
            (seconds, basis) = (near.seconds * share, .scaled)
        } else {
            return nil
        }
    }

    /// Of the same quantization where there is one, then of the nearest size.
    private static func nearest(to job: TimedJob, among past: [PastJob]) -> PastJob? {
        guard let parameters = job.parameters else { return nil }
        let usable = past.compactMap { other -> (distance: Double, past: PastJob)? in
            guard other.job.cost != nil, let size = other.job.parameters else { return nil }
            let isSame = other.job.quantization == job.quantization
            let ratio = Double(max(size, 1)) / Double(max(parameters, 1))
            return (max(ratio, 1 / ratio) + (isSame ? 0 : 1e9), other)
        }
        return usable.min { $0.distance < $1.distance }?.past
    }
}
