/// How much a program may use, whatever it wants.
package struct SandboxLimits: Hashable, Sendable {
    /// Wall-clock time from the moment at which program and tests begin to run.
    package var time: Duration = .seconds(3)
    /// How long both interpreters may take to start, on a machine with more work than cores.
    package var startTime: Duration = .seconds(30)
    /// Address space of each of the two processes.
    package var memoryBytes: UInt64 = 2 << 30
    /// One file, and all files together; they lie in memory.
    package var fileBytes: UInt64 = 16 << 20
    package var workBytes: UInt64 = 16 << 20
    /// Threads, as new processes are refused altogether.
    package var threads: UInt64 = 64
    package var openFiles: UInt64 = 128
    /// What is kept of the output; the rest is read and dropped.
    package var outputBytes = 1 << 16

    package init() {}

    package init(time: Duration) { self.time = time }

    /// The kernel's second, blunt clock: a little later than ours.
    var processorSeconds: UInt64 { UInt64(max(1, time.components.seconds + 2)) }
}
