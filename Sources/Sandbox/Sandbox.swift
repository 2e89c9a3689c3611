import Basics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Runs programs that nobody has read, and says whether they pass their tests.
///
///     let sandbox = try Sandbox.open(python: .find())
///     let outcome = try sandbox.check(program)
///     print(outcome.verdict.text)
///
/// # Who decides
///
/// Two interpreters run, each in a sandbox of its own. The *candidate* executes the program. The
/// *judge* executes the tests and never a byte of the program: to the tests the function under
/// test is a stand-in that sends the arguments to the candidate and gets the result back. Only the
/// judge holds the pipe on which a verdict is reported, and the candidate has no process, memory,
/// file or descriptor in common with it but one pair of pipes for requests and answers. What comes
/// over those is decoded into plain types, or it is refused.
///
/// So a pass means that the tests ran to their end on data, in an interpreter that the program
/// could not touch. Walking frames, patching `assert`'s helpers or the builtins, objects equal to
/// everything, leaving early and writing to any descriptor change nothing but the candidate itself.
/// The expected values are in the judge only. To pass, a program must answer right.
///
/// # What holds the program
///
/// On Linux, for both interpreters, from outside in:
///
/// - user, mount, process, network, IPC, host name and control group namespaces: no other process
///   to see or signal, no network, not even loopback, no System V objects;
/// - a root that shows the Python installation, the shared libraries it loads and `/dev/null`, all
///   read-only, and an empty work folder in memory, with a limit; no `/proc`, `/sys`, `/home`;
/// - nobody's user id where root starts it, no capabilities, `no_new_privs`;
/// - Landlock, where the kernel has it, as a second lock on files, TCP, and signals;
/// - a list of allowed system calls (seccomp). New processes, sockets, namespaces, mounts, `ptrace`,
///   `bpf`, keyrings, `io_uring`, shared memory and calls by another ABI are not on it;
/// - limits of processor time, memory, file size, threads and open files; no core dumps;
/// - a session of its own, an empty environment, and no descriptor but the pipes;
/// - at the time limit, and when this process ends, the kernel kills the whole process namespace.
///
/// Where the system withholds one of these (all but Landlock), nothing is run: `open` throws
/// `SandboxError.refused` with the reason. `Isolation.none` keeps the two processes, the limits and
/// the time limit and lets everything else go; it must be asked for.
///
/// # What it does not promise
///
/// - A flaw of the kernel that can be reached with the allowed system calls is not held back; there
///   is no virtual machine. Neither are side channels through caches and timing.
/// - The tests are trusted to judge. They run in a sandbox too, so a hostile data set can do no
///   harm, but it can let anything pass.
/// - Memory is limited per process (two per check), not for the machine as a whole.
/// - Values cross by copy. A test that looks at what a program did to its arguments, asks a result
///   for its identity, or calls methods of a class that the program defines, sees a difference from
///   the reference harness. Of HumanEval's 164 tests none does. A value of no plain type equals
///   nothing, which in the harness its own `__eq__` would decide.
/// - On macOS `sandbox-exec` takes the place of all this. That is written down and not tested.
package struct Sandbox: Sendable {
    package enum Isolation: Hashable, Sendable {
        case full
        /// On request only (`--unsafe-code`): the program can do whatever this user can.
        case none
    }

    package let isolation: Isolation
    package let python: PythonInstallation
    /// What is in force, in words, from outside in.
    package let layers: [String]
    package var limits: SandboxLimits
    let command: SandboxCommand

    /// Starts an interpreter once in order to see which layers this system gives.
    ///
    /// - Throws: `SandboxError.refused` where it gives too few.
    package static func open(
        python: PythonInstallation, isolation: Isolation = .full,
        limits: SandboxLimits = SandboxLimits()
    ) throws(SandboxError) -> Sandbox {
        // A judge that ends early closes the pipe that its task is written to.
        signal(SIGPIPE, SIG_IGN)
        var command = SandboxCommand(
            executable: python.file, arguments: [python.executable, "-I", "-B", "-X", "utf8"],
            view: [], workFolder: SandboxView.workFolder, isIsolated: false, keepsUser: false,
            limits: limits)
        guard isolation == .full else {
            return Sandbox(
                isolation: isolation, python: python, layers: ["none: unsafe code was asked for"],
                limits: limits, command: command)
        }
        let layers = try isolate(&command, python)
        return Sandbox(
            isolation: isolation, python: python, layers: layers, limits: limits, command: command)
    }

    /// The same as a value, for those who tell a refusal from other errors.
    package static func opening(
        python: PythonInstallation, isolation: Isolation = .full,
        limits: SandboxLimits = SandboxLimits()
    ) -> Result<Sandbox, SandboxError> {
        Result { () throws(SandboxError) in
            try open(python: python, isolation: isolation, limits: limits)
        }
    }

    /// Starts an interpreter with this program text.
    func start(_ script: String, descriptors: [Int32]) throws(SandboxError) -> SandboxedProcess {
        var command = command
        command.limits = limits
        command.arguments += ["-c", script]
        do throws(StartFailure) {
            return try SandboxedProcess(command, descriptors: descriptors)
        } catch {
            throw error.isRefusal
                ? .refused("sandbox: cannot \(error).")
                : .broken("sandbox: \(python.executable): cannot \(error).")
        }
    }
}
