#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What the machine had done by one moment, for telling whether a measurement was disturbed.
///
/// Counters only grow; what cannot be read is nil.
package struct MachineReading: Hashable, Sendable {
    /// Of a clock that does not run while the machine sleeps.
    package var seconds = 0.0
    /// What the machine has slept since it was started.
    package var suspendedSeconds = 0.0
    /// Processor time of this process, all its threads.
    package var ownSeconds = 0.0
    /// Processor time of the whole machine, without waiting.
    package var busySeconds: Double?
    /// What a hypervisor gave to other machines while this one wanted to run.
    package var stealSeconds: Double?
    package var processors = 1
    /// Processes that run or want to, averaged over a minute.
    package var load: Double?
    package var frequencyHertz: Double?
    package var temperatureCelsius: Double?
    /// How long a fixed piece of work took just before or after.
    package var calibrationNanoseconds: UInt64 = 0

    package init() {}

    /// Everything that can be read now, without the calibration.
    package static func now() -> MachineReading {
        var reading = MachineReading()
        reading.seconds = clock(CLOCK_MONOTONIC)
        reading.suspendedSeconds = suspendedSeconds()
        reading.ownSeconds = clock(CLOCK_PROCESS_CPUTIME_ID)
        reading.readCounters()
        return reading
    }

    static func clock(_ id: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(id, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// A piece of work that is always the same: how fast the machine is at this moment.
package enum CalibrationKernel {
    private static let steps = 200_000
    private static let tries = 3

    /// Nanoseconds of the fastest of three tries: half a millisecond each on a machine of 2020.
    ///
    /// Every step waits for the one before, so the time is that of the clock rate, and of nothing
    /// else that other programs leave alone.
    package static func nanoseconds() -> UInt64 {
        var best = UInt64.max
        for seed in 0..<tries {
            let start = MachineReading.clock(CLOCK_MONOTONIC)
            let result = work(UInt64(seed) | 1)
            let end = MachineReading.clock(CLOCK_MONOTONIC)
            if result != 0 { best = min(best, UInt64(max(0, end - start) * 1e9)) }
        }
        return best
    }

    /// Not optimized: the compiler would find that nobody needs the result, or do the work before
    /// or behind the clocks.
    @inline(never) @_optimize(none) private static func work(_ seed: UInt64) -> UInt64 {
        var state = seed
        for _ in 0..<steps {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            state ^= state >> 29
        }
        return state | 1
    }
}
