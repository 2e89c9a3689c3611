#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// How a process ended.
enum ExitStatus: Hashable, Sendable {
    case exited(code: Int32)
    case killed(signal: Int32)

    /// Takes the word that `waitpid` gives apart.
    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7f
        self = signal == 0 ? .exited(code: waitStatus >> 8 & 0xff) : .killed(signal: signal)
    }
}

/// A running program with pipes to its three standard streams, in a process group of its own.
///
/// The group is what gets signals, so that helpers of the program end with it; a Ctrl-C in the
/// terminal reaches the runner alone, which then decides.
final class ChildProcess {
    let pid: pid_t
    /// Write end of its stdin; non-blocking, -1 when closed.
    private(set) var input: Int32
    /// Read ends of its stdout and stderr; non-blocking, -1 after their end.
    private(set) var output: Int32
    private(set) var errors: Int32
    private var isReaped = false

    /// - Parameter environment: added to this process's environment.
    init(program: String, arguments: [String], environment: [String: String]) throws(RunnerError) {
        SystemCalls.ignoreBrokenPipes()
        var ends: [Int32] = []
        func pipe() throws(RunnerError) -> (Int32, Int32) {
            let pair = try SystemCalls.makePipe()
            ends += [pair.readEnd, pair.writeEnd]
            return pair
        }
        let stdin: (Int32, Int32)
        let stdout: (Int32, Int32)
        let stderr: (Int32, Int32)
        do {
            stdin = try pipe()
            stdout = try pipe()
            stderr = try pipe()
        } catch {
            for end in ends { close(end) }
            throw error
        }
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let spawned = SystemCalls.spawn(
            program: program, arguments: arguments,
            environment: variables.map { "\($0.key)=\($0.value)" }.sorted(),
            input: stdin.0, output: stdout.1, errors: stderr.1)
        // Only the child may hold these, or the end of a stream would never be seen.
        for end in [stdin.0, stdout.1, stderr.1] { close(end) }
        switch spawned {
        case .success(let pid):
            self.pid = pid
        case .failure(let failure):
            for end in [stdin.1, stdout.0, stderr.0] { close(end) }
            throw .cannotStart(program: program, detail: SystemCalls.message(failure.code))
        }
        (input, output, errors) = (stdin.1, stdout.0, stderr.0)
        for descriptor in [input, output, errors] { SystemCalls.setNonBlocking(descriptor) }
    }

    deinit {
        end()
        closeInput()
        closeOutput()
        closeErrors()
    }

    func closeInput() { SystemCalls.closeDescriptor(&input) }
    func closeOutput() { SystemCalls.closeDescriptor(&output) }
    func closeErrors() { SystemCalls.closeDescriptor(&errors) }

    /// Sends a signal to the whole process group, as long as its number is certainly ours.
    func signalGroup(_ signal: Int32) {
        // An unreaped leader keeps the number from being given to anybody else.
        if !isReaped { kill(-pid, signal) }
    }

    /// Whether the program has ended.
    ///
    /// It is not reaped yet: its group can still be signalled.
    func hasExited() -> Bool {
        if isReaped { return true }
        var information = siginfo_t()
        let result = SystemCalls.retrying {
            waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT)
        }
        return result != 0 || information.si_signo != 0
    }

    /// Kills what is left of the group, waits for the program and forgets it.
    @discardableResult func end() -> ExitStatus? {
        guard !isReaped else { return nil }
        kill(-pid, SIGKILL)
        var status: Int32 = 0
        let result = SystemCalls.retrying { waitpid(pid, &status, 0) }
        isReaped = true
        return result == pid ? ExitStatus(waitStatus: status) : nil
    }
}
