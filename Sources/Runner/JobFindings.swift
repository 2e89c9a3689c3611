import Experiments

/// What a job's events say that the end of a run is told about.
struct JobFindings {
    /// Figures of the whole job that are better in one direction.
    private(set) var metrics: [Metric] = []
    /// Why its timings are not to be relied on; nil when they are.
    private(set) var noise: String?

    mutating func note(_ event: JobEvent) {
        switch event {
        case .metric(let metric) where metric.higherIsBetter != nil && !metric.name.contains("/"):
            metrics.append(metric)
        case .fact(name: "noisy", .string(let reason)): noise = reason
        default: break
        }
    }
}
