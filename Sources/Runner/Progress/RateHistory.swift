import Basics
import Experiments

/// How fast tokens went through a job's model lately.
struct RateHistory {
    /// Shorter stretches jump with the size of a batch.
    private static let interval = 1.0
    private static let kept = 12
    private static let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    private var last: (tokens: Int, time: Double)?
    /// Tokens a second, the oldest first.
    private(set) var rates: [Double] = []

    mutating func note(_ step: JobProgress, now: Double) {
        guard let tokens = step.tokens else { return }
        guard let last, tokens >= last.tokens else {
            // Another process: a retry, or a model that is loaded anew.
            self = RateHistory()
            self.last = (tokens, now)
            return
        }
        let seconds = now - last.time
        guard seconds >= Self.interval else { return }
        self.last = (tokens, now)
        // Nothing in between is waiting for other work, such as code that is being judged.
        guard tokens > last.tokens else { return }
        rates.append(Double(tokens - last.tokens) / seconds)
        if rates.count > Self.kept { rates.removeFirst() }
    }

    /// The newest rate: `145 t/s`; nil before there is one.
    var text: String? {
        guard let rate = rates.last else { return nil }
        return NumberFormat.fixed(rate, rate < 9.95 ? 1 : 0) + " t/s"
    }

    /// A bar for each rate, from nothing to the largest; empty until there are two to compare.
    var sparkline: String {
        guard rates.count > 1, let largest = rates.max(), largest > 0 else { return "" }
        let steps = Double(Self.blocks.count - 1)
        return String(rates.map { Self.blocks[Int(($0 / largest * steps).rounded())] })
    }
}
