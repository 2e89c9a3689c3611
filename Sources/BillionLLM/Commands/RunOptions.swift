import Basics
import Experiments
import Runner

/// What `run` is told about limits, order and time.
enum RunOptions {
    private static let secondsPerHour = 3600.0

    static func policy(_ arguments: Arguments, manifest: Manifest) throws -> RunPolicy {
        var command = Shell.quoted(Program.command) + " run " + Shell.quoted(arguments.operands[0])
        for name in ["db", "cell", "shard"] {
            if let value = arguments.string(name) { command += " --\(name) " + Shell.quoted(value) }
        }
        if arguments.has("unsafe-code") { command += " --unsafe-code" }
        return RunPolicy(
            fresh: arguments.has("fresh"),
            timeLimitSeconds: try time("job-timeout", arguments) ?? manifest.timeLimitSeconds,
            resultLimitSeconds: try time("sample-timeout", arguments),
            memoryLimitBytes: try size("memory-limit", arguments) ?? manifest.memoryLimitBytes,
            retries: RetryPolicy(limit: try arguments.integer("retries", in: 0...100, default: 2)),
            sameFailureLimit: try arguments.integer("same-failures", in: 0...10_000, default: 5),
            deadline: try deadline(arguments),
            order: JobOrder(strategy: try order(arguments), first: arguments.strings("first")),
            resumeCommand: command, freshCommand: command + " --fresh")
    }

    private static func time(_ name: String, _ arguments: Arguments) throws -> Double? {
        guard let text = arguments.string(name) else { return nil }
        guard let seconds = Quantity.seconds(text) else {
            throw UsageError("--\(name) is '\(text)'; wanted \(Quantity.timeExample).")
        }
        return seconds
    }

    private static func size(_ name: String, _ arguments: Arguments) throws -> Int64? {
        guard let text = arguments.string(name) else { return nil }
        guard let bytes = Quantity.bytes(text) else {
            throw UsageError("--\(name) is '\(text)'; wanted \(Quantity.sizeExample).")
        }
        return bytes
    }

    /// The earlier of both, where both are given.
    private static func deadline(_ arguments: Arguments) throws -> Double? {
        var times: [Double] = []
        if arguments.has("max-hours") {
            let hours = try arguments.number("max-hours", in: 0...10_000, default: 0)
            times.append(LocalTime.now + hours * secondsPerHour)
        }
        if let text = arguments.string("until") {
            guard let time = LocalTime.next(text) else {
                throw UsageError("--until is '\(text)'; wanted a time of day such as 07:00.")
            }
            times.append(time)
        }
        return times.min()
    }

    private static func order(_ arguments: Arguments) throws -> JobOrder.Strategy {
        let words = JobOrder.Strategy.allCases.map(\.rawValue)
        let word = try arguments.choice(
            "order", of: words, default: JobOrder.Strategy.grouped.rawValue)
        return JobOrder.Strategy(rawValue: word) ?? .grouped
    }
}
