#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Times of day as the clock on the wall shows them.
package enum LocalTime {
    private static let secondsPerDay = 86_400.0

    /// Seconds since 1970.
    package static var now: Double { SystemCalls.wallSeconds() }

    /// `03:12`, and `03:12 +2d` when it is not today or the coming night.
    ///
    /// - Parameter seconds: since 1970.
    static func clock(_ seconds: Double, now: Double = SystemCalls.wallSeconds()) -> String {
        let fields = fields(seconds)
        let time = "\(padded(fields.tm_hour)):\(padded(fields.tm_min))"
        let days = Int((seconds - now) / secondsPerDay)
        return days > 0 ? "\(time) +\(days)d" : time
    }

    /// The next time that it is `07:00` here, in seconds since 1970; nil for what is no time.
    package static func next(_ text: String, after now: Double? = nil) -> Double? {
        let now = now ?? SystemCalls.wallSeconds()
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let hour = parts[0], let minute = parts[1],
            (0..<24).contains(hour), (0..<60).contains(minute)
        else { return nil }
        var today = fields(now)
        today.tm_hour = Int32(hour)
        today.tm_min = Int32(minute)
        today.tm_sec = 0
        // The system knows whether summer time holds then.
        today.tm_isdst = -1
        let time = Double(mktime(&today))
        if time > now { return time }
        today.tm_mday += 1
        today.tm_isdst = -1
        return Double(mktime(&today))
    }

    private static func fields(_ seconds: Double) -> tm {
        var time = time_t(seconds.rounded(.down))
        var fields = tm()
        localtime_r(&time, &fields)
        return fields
    }

    private static func padded(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
