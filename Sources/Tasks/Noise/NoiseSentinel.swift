import Basics
import Experiments

/// How much may go on besides before a repetition does not count.
package struct NoiseLimits: Hashable, Sendable {
    /// The calibration kernel may take so much longer than at its fastest.
    package var calibrationDrift = 0.15
    /// Other programs may use so much of all processors.
    package var foreignShare = 0.05
    /// The hypervisor may take away so much.
    package var stealShare = 0.02
    /// Counters move in steps of a hundredth of a second: less than this is not told from nothing.
    package var shortestSeconds = 0.05
    /// Longer sleep counts.
    package var suspendedSeconds = 0.5
    /// Times that one repetition is done again, and all of a job together.
    package var repeatsPerRepetition = 2
    package var repeatsPerJob = 8

    package init() {}
}

/// Watches timed repetitions: reads the machine before and after each, has a disturbed one done
/// again, and says at the end whether what was kept is to be relied on.
///
/// Each try is a record of the kind `timing_condition`, so that nobody has to believe a word of
/// it.
package struct NoiseSentinel {
    package static let recordKind = "timing_condition"

    private let limits: NoiseLimits
    private let read: () -> MachineReading
    private let calibrate: () -> UInt64
    private var fastestCalibration: UInt64?
    private var repeatsLeft: Int
    private var nextRecord = 0
    private var kept = 0
    /// What disturbed kept repetitions.
    private var disturbances: [Disturbance] = []

    /// - Parameter completed: what an earlier attempt has recorded.
    package init(
        limits: NoiseLimits = NoiseLimits(), completed: [JobRecord] = [],
        read: @escaping () -> MachineReading = MachineReading.now,
        calibrate: @escaping () -> UInt64 = CalibrationKernel.nanoseconds
    ) {
        self.limits = limits
        self.read = read
        self.calibrate = calibrate
        repeatsLeft = limits.repeatsPerJob
        for record in completed {
            nextRecord = max(nextRecord, record.index + 1)
            guard record.values["kept"] == .bool(true) else {
                repeatsLeft -= 1
                continue
            }
            kept += 1
            if case .string(let reason)? = record.values["disturbance"] {
                disturbances.append(Disturbance(severity: 0, reason: reason))
            }
        }
    }

    /// Something that went on besides.
    struct Disturbance: Hashable {
        /// In multiples of the limit.
        let severity: Double
        let reason: String
    }

    /// Runs a repetition, again when it was disturbed, and gives back the one that is kept: the
    /// first undisturbed, or the least disturbed.
    ///
    /// - Parameter name: the metric that it belongs to.
    package mutating func watch<Result>(
        _ name: String, repetition: Int, report: (JobRecord) throws -> Void, _ work: () -> Result
    ) throws -> Result {
        var tries: [(result: Result, disturbance: Disturbance?, values: [String: JSONValue])] = []
        while true {
            let first = calibrate()
            var before = read()
            let result = work()
            var after = read()
            before.calibrationNanoseconds = first
            after.calibrationNanoseconds = calibrate()
            let disturbance = judge(before, after)
            tries.append((result, disturbance, values(before, after, disturbance)))
            if disturbance == nil || tries.count > limits.repeatsPerRepetition || repeatsLeft <= 0 {
                break
            }
            repeatsLeft -= 1
        }
        let best = tries.indices.min { one, other in
            (tries[one].disturbance?.severity ?? 0) < (tries[other].disturbance?.severity ?? 0)
        }
        for (index, attempt) in tries.enumerated() {
            var values = attempt.values
            values["name"] = .string(name)
            values["repetition"] = .integer(Int64(repetition))
            values["try"] = .integer(Int64(index))
            values["kept"] = .bool(index == best)
            try report(JobRecord(kind: Self.recordKind, index: nextRecord, values: values))
            nextRecord += 1
        }
        let keptTry = tries[best ?? 0]
        kept += 1
        if let disturbance = keptTry.disturbance { disturbances.append(disturbance) }
        return keptTry.result
    }

    /// Why the timings are not to be relied on; nil when no kept repetition was disturbed.
    package var verdict: String? {
        guard let worst = disturbances.max(by: { $0.severity < $1.severity }) else { return nil }
        return "\(disturbances.count) of \(kept) timed repetitions were disturbed: \(worst.reason)"
    }

    // MARK: - Judging

    private mutating func judge(_ before: MachineReading, _ after: MachineReading) -> Disturbance? {
        var found: [Disturbance] = []
        let slept = after.suspendedSeconds - before.suspendedSeconds
        if slept > limits.suspendedSeconds {
            // Never kept while there is another: no other disturbance is as large.
            found.append(
                Disturbance(
                    severity: 1000 + slept,
                    reason: "the machine slept for \(NumberFormat.fixed(slept, 1)) s."))
        }
        let capacity = (after.seconds - before.seconds) * Double(max(before.processors, 1))
        if let share = Self.foreignShare(before, after, capacity, limits), capacity > 0,
            share > limits.foreignShare
        {
            found.append(
                Disturbance(
                    severity: share / limits.foreignShare,
                    reason: "other programs used \(NumberFormat.percent(share)) % of the "
                        + "processors."))
        }
        if let start = before.stealSeconds, let end = after.stealSeconds, capacity > 0,
            end - start > limits.shortestSeconds, (end - start) / capacity > limits.stealShare
        {
            let share = (end - start) / capacity
            found.append(
                Disturbance(
                    severity: share / limits.stealShare,
                    reason: "the hypervisor took \(NumberFormat.percent(share)) % of the "
                        + "processors away."))
        }
        if let drift = drift(before, after), drift > limits.calibrationDrift {
            found.append(
                Disturbance(
                    severity: drift / limits.calibrationDrift,
                    reason: "fixed work took \(NumberFormat.percent(drift)) % longer than before."))
        }
        return found.max { $0.severity < $1.severity }
    }

    /// How much slower than ever the calibration was, before or after.
    private mutating func drift(_ before: MachineReading, _ after: MachineReading) -> Double? {
        let times = [before.calibrationNanoseconds, after.calibrationNanoseconds]
        guard let fastest = times.min(), let slowest = times.max(), fastest > 0 else { return nil }
        let best = min(fastestCalibration ?? fastest, fastest)
        fastestCalibration = best
        return Double(slowest) / Double(best) - 1
    }

    private static func foreignShare(
        _ before: MachineReading, _ after: MachineReading, _ capacity: Double,
        _ limits: NoiseLimits
    ) -> Double? {
        guard let start = before.busySeconds, let end = after.busySeconds, capacity > 0 else {
            return nil
        }
        let foreign = end - start - (after.ownSeconds - before.ownSeconds)
        return foreign > limits.shortestSeconds ? foreign / capacity : 0
    }

    private func values(
        _ before: MachineReading, _ after: MachineReading, _ disturbance: Disturbance?
    ) -> [String: JSONValue] {
        func number(_ value: Double?) -> JSONValue {
            value.flatMap { $0.isFinite ? .number($0) : nil } ?? .null
        }
        let capacity = (after.seconds - before.seconds) * Double(max(before.processors, 1))
        var values: [String: JSONValue] = [
            "calibration_before_ns": .integer(Int64(clamping: before.calibrationNanoseconds)),
            "calibration_after_ns": .integer(Int64(clamping: after.calibrationNanoseconds)),
            "foreign_share": number(Self.foreignShare(before, after, capacity, limits)),
            "load": number(after.load), "frequency_hz": number(after.frequencyHertz),
            "temperature_c": number(after.temperatureCelsius),
            "suspended_seconds": number(after.suspendedSeconds - before.suspendedSeconds),
            "disturbance": disturbance.map { .string($0.reason) } ?? .null,
        ]
        var steal: Double?
        if let start = before.stealSeconds, let end = after.stealSeconds, capacity > 0 {
            steal = (end - start) / capacity
        }
        values["steal_share"] = number(steal)
        return values
    }
}
