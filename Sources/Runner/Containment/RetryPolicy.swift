/// How often, and after what pause, a job is tried again after a failure that may pass.
package struct RetryPolicy: Hashable, Sendable {
    /// Tries after the first one.
    package var limit: Int
    package var firstDelaySeconds: Double
    /// Each pause is so many times as long as the one before.
    package var growth: Double

    package init(limit: Int = 0, firstDelaySeconds: Double = 2, growth: Double = 4) {
        self.limit = limit
        self.firstDelaySeconds = firstDelaySeconds
        self.growth = growth
    }

    /// The pause before a retry, counted from 1; never more than five minutes.
    func delaySeconds(before retry: Int) -> Double {
        var delay = firstDelaySeconds
        for _ in 1..<max(retry, 1) { delay = min(delay * growth, 300) }
        return min(delay, 300)
    }
}
