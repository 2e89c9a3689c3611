import Basics
import Experiments

/// Runs every job in a fresh process of this program, so that its peak memory is its own and a
/// crash is one failed row.
///
/// The process is told its job by a line on stdin and answers by lines on stdout
/// (`ChildMessage`). It leads its own process group, of which nothing is left when `execute`
/// returns.
package struct ChildProcessExecutor: JobExecutor {
    /// A path that starts this very binary, also when its file has been replaced meanwhile.
    package static var ownExecutable: String { SystemCalls.ownExecutable }

    /// The path of this program's file, for scripts that start it later.
    package static var ownProgramFile: String { SystemCalls.ownProgramFile }

    private let program: String
    private let arguments: [String]
    private let environment: [String: String]
    private let policy: RunPolicy
    private let controlGroups: ControlGroups?
    private let stop: StopRequests
    private let isVerbose: Bool
    private let note: @Sendable (String) -> Void
    private let log: @Sendable (Job) -> JobLog?
    private let assignment: @Sendable (Job) throws -> ChildAssignment

    /// - Parameter arguments: what follows the program's name (the hidden subcommand).
    /// - Parameter environment: added to the environment of the runner.
    /// - Parameter controlGroups: keep a memory limit in addition, where there are any.
    /// - Parameter isVerbose: passes the lines of the job's stderr to `note`.
    /// - Parameter note: says a line to the person, between the lines of the progress display.
    /// - Parameter log: where the job's stderr is kept.
    /// - Parameter assignment: finds what the job needs on this machine.
    package init(
        program: String = ownExecutable, arguments: [String],
        environment: [String: String] = [:], policy: RunPolicy,
        controlGroups: ControlGroups? = nil, stop: StopRequests,
        isVerbose: Bool = false, note: @escaping @Sendable (String) -> Void = { _ in },
        log: @escaping @Sendable (Job) -> JobLog? = { _ in nil },
        assignment: @escaping @Sendable (Job) throws -> ChildAssignment
    ) {
        self.log = log
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.policy = policy
        self.controlGroups = controlGroups
        self.stop = stop
        self.isVerbose = isVerbose
        self.note = note
        self.assignment = assignment
    }

    /// - Throws: `JobFailure`, or what `report` throws.
    package func execute(
        _ job: Job, resuming completed: CompletedWork, report: (JobEvent) throws -> Void
    ) throws {
        let input = try assignment(job).lines(resuming: completed)
        let child: ChildProcess
        do {
            child = try ChildProcess(
                program: program, arguments: ["billion"] + arguments, environment: environment)
        } catch {
            throw JobFailure.ended(.notStarted, reason: error.description)
        }
        // It has been told nothing yet, and so has next to no memory.
        let group = policy.memoryLimitBytes.flatMap {
            controlGroups?.makeGroup(for: child.pid, limit: $0)
        }
        // Whatever happens below: no process is left.
        defer {
            child.end()
            group?.remove()
        }
        var session = ChildSession(
            child: child, group: group, input: input, policy: policy, stop: stop,
            isVerbose: isVerbose, note: note, log: log(job))
        try session.run(report: report)
    }
}
