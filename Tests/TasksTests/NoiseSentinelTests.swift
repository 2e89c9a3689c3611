import Experiments
import Testing

@testable import Tasks

/// A machine that does what a script says, instead of this one.
private final class ScriptedMachine {
    /// What goes on during one try of a repetition.
    struct Interval {
        var foreign = 0.0
        var steal = 0.0
        var slept = 0.0
        /// Nanoseconds of the calibration before and after.
        var calibration: (UInt64, UInt64) = (1000, 1000)

        static let quiet = Interval()
    }

    private let script: [Interval]
    private var reads = 0
    private var calibrations = 0
    private var reading = MachineReading()

    init(_ script: [Interval]) {
        self.script = script
        reading.busySeconds = 0
        reading.stealSeconds = 0
        reading.processors = 2
    }

    func read() -> MachineReading {
        defer { reads += 1 }
        guard !reads.isMultiple(of: 2) else { return reading }
        let interval = script[min(reads / 2, script.count - 1)]
        // A try takes a second of both processors.
        reading.seconds += 1
        reading.ownSeconds += 1.6
        reading.busySeconds? += 1.6 + interval.foreign
        reading.stealSeconds? += interval.steal
        reading.suspendedSeconds += interval.slept
        return reading
    }

    func calibrate() -> UInt64 {
        defer { calibrations += 1 }
        let interval = script[min(calibrations / 2, script.count - 1)]
        return calibrations.isMultiple(of: 2) ? interval.calibration.0 : interval.calibration.1
    }
}

@Suite struct NoiseSentinelTests {
    /// Runs five repetitions on a machine; gives which tries were kept, and the verdict.
    private func run(
        _ script: [ScriptedMachine.Interval], _ change: (inout NoiseLimits) -> Void = { _ in }
    ) throws -> (kept: [String], tries: Int, records: [JobRecord], verdict: String?) {
        let machine = ScriptedMachine(script)
        var limits = NoiseLimits()
        change(&limits)
        var sentinel = NoiseSentinel(
            limits: limits, read: machine.read, calibrate: machine.calibrate)
        var (tries, records, kept) = (0, [JobRecord](), [String]())
        for repetition in 0..<5 {
            let result = try sentinel.watch(
                "pp8", repetition: repetition, report: { records.append($0) }
            ) {
                tries += 1
                return tries
            }
            kept.append("\(result)")
        }
        return (kept, tries, records, sentinel.verdict)
    }

    private typealias Interval = ScriptedMachine.Interval
    private static let quiet = Interval.quiet

    @Test func aQuietMachineIsMeasuredOnce() throws {
        let (kept, tries, records, verdict) = try run([.quiet])
        #expect(kept == ["1", "2", "3", "4", "5"] && tries == 5)
        #expect(verdict == nil)
        #expect(records.count == 5)
        #expect(records.allSatisfy { $0.values["kept"] == .bool(true) })
        #expect(records.map(\.index) == [0, 1, 2, 3, 4])
    }

    /// The third try is disturbed, in four ways: exactly that one is done again.
    @Test(arguments: [
        ("other programs", Interval(foreign: 0.5)), ("steal", Interval(steal: 0.2)),
        ("sleep", Interval(slept: 30)),
        ("a slow processor", Interval(calibration: (1000, 1300))),
    ])
    fileprivate func exactlyTheDisturbedRepetitionIsDoneAgain(
        name: String, disturbed: ScriptedMachine.Interval
    ) throws {
        let script = [Self.quiet, Self.quiet, disturbed, Self.quiet, Self.quiet, Self.quiet]
        let (kept, tries, records, verdict) = try run(script)
        #expect(kept == ["1", "2", "4", "5", "6"], "\(name)")
        #expect(tries == 6)
        #expect(verdict == nil)
        let thrown = records.filter { $0.values["kept"] == .bool(false) }
        #expect(thrown.count == 1)
        #expect(thrown.first?.values["repetition"] == .integer(2))
        #expect(thrown.first?.values["disturbance"] != .null)
    }

    @Test func whatStaysDisturbedIsMarkedAndBounded() throws {
        let (kept, tries, records, verdict) = try run([Interval(foreign: 0.5)])
        // Two repeats a repetition, eight a job.
        #expect(tries == 5 + 8)
        #expect(kept.count == 5 && records.count == tries)
        #expect(
            verdict == "5 of 5 timed repetitions were disturbed: other programs used 25.0 % of "
                + "the processors.")
    }

    @Test func ofDisturbedTriesTheLeastIsKept() throws {
        let script = [
            Interval(foreign: 0.9), Interval(foreign: 0.3), Interval(foreign: 0.6), Self.quiet,
        ]
        let (kept, _, _, verdict) = try run(script)
        #expect(kept == ["2", "4", "5", "6", "7"])
        #expect(
            verdict == "1 of 5 timed repetitions were disturbed: other programs used 15.0 % of "
                + "the processors.")
    }

    @Test func smallThingsDoNotCount() throws {
        let small = Interval(foreign: 0.04, steal: 0.02, slept: 0.1, calibration: (1000, 1100))
        #expect(try run([small]).tries == 5)
    }

    @Test func whatCannotBeReadIsAbsent() throws {
        var sentinel = NoiseSentinel(read: { MachineReading() }, calibrate: { 1000 })
        var records: [JobRecord] = []
        try sentinel.watch("pp8", repetition: 0, report: { records.append($0) }) {}
        let values = try #require(records.first?.values)
        for key in ["foreign_share", "steal_share", "load", "frequency_hz", "temperature_c"] {
            #expect(values[key] == .null, "\(key)")
        }
        #expect(sentinel.verdict == nil)
    }

    /// After an interruption the numbers go on, and what was disturbed before still counts.
    @Test func anEarlierAttemptsRecordsCount() throws {
        let earlier = JobRecord(
            kind: NoiseSentinel.recordKind, index: 6,
            values: ["kept": .bool(true), "disturbance": .string("other programs.")])
        var sentinel = NoiseSentinel(
            completed: [earlier], read: { MachineReading() }, calibrate: { 1000 })
        var records: [JobRecord] = []
        try sentinel.watch("pp8", repetition: 1, report: { records.append($0) }) {}
        #expect(records.map(\.index) == [7])
        #expect(
            sentinel.verdict == "1 of 2 timed repetitions were disturbed: other programs.")
    }

    #if os(Linux)
        @Test func countersOfThisSystem() {
            var reading = MachineReading()
            reading.take(
                stat: "cpu  100 20 30 4000 5 6 7 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
                    + "cpu1 1 1 1 1 1 1 1 1 0 0\nintr 1\n")
            #expect(reading.processors == 2)
            #expect(reading.busySeconds == 1.63)
            #expect(reading.stealSeconds == 0.08)
        }
    #endif

    @Test func thisMachineCanBeRead() {
        let first = MachineReading.now()
        #expect(CalibrationKernel.nanoseconds() > 1000)
        let second = MachineReading.now()
        #expect(second.seconds > first.seconds && second.ownSeconds > first.ownSeconds)
    }
}
