import Basics
import CSandbox

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A started interpreter; it and all that it started are killed and waited for when dropped.
final class SandboxedProcess {
    /// Version of Landlock in force; 0 for none.
    let landlock: Int
    /// Whether it runs as nobody, a user other than ours.
    let isForeignUser: Bool
    private let process: pid_t
    private var hasEnded = false

    /// - Parameter descriptors: become 0, 1, 2, ... in the process.
    /// - Throws: the step and the system's words for why it failed.
    init(_ command: SandboxCommand, descriptors: [Int32]) throws(StartFailure) {
        var report = csb_report()
        let started = command.withProgram { program in
            descriptors.withUnsafeBufferPointer { descriptors in
                program.descriptors = descriptors.baseAddress
                program.descriptor_count = descriptors.count
                return csb_start(&program, &report)
            }
        }
        guard started > 0 else { throw StartFailure(report, entries: command.view) }
        process = started
        landlock = Int(report.landlock)
        isForeignUser = report.foreign_user != 0
    }

    deinit { end() }

    /// Ends the process.
    ///
    /// Isolated, it is the first of its process namespace, and the kernel ends
    /// all others with it before `waitpid` returns.
    func end() {
        guard !hasEnded else { return }
        hasEnded = true
        // Without a namespace: those that stayed in its group.
        kill(-process, SIGKILL)
        kill(process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
    }
}

/// What is started, apart from its descriptors.
struct SandboxCommand: Sendable {
    var executable: String
    var arguments: [String]
    var view: [SandboxView.Entry]
    var workFolder: String
    var isIsolated: Bool
    var keepsUser: Bool
    var limits: SandboxLimits

    /// Lends the command as C wants it.
    func withProgram<Result>(_ body: (inout csb_program) -> Result) -> Result {
        var texts: [UnsafeMutablePointer<CChar>?] = []
        defer { for text in texts { free(text) } }
        func lend(_ text: String) -> UnsafePointer<CChar>? {
            texts.append(strdup(text))
            return texts[texts.count - 1].map { UnsafePointer($0) }
        }
        let words = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        let entries = view.map { entry in
            switch entry {
            case .folder(let path):
                csb_entry(kind: CSB_FOLDER, path: lend(path), source: lend(path))
            case .file(let path, let source):
                csb_entry(kind: CSB_FILE, path: lend(path), source: lend(source))
            case .device(let path):
                csb_entry(kind: CSB_DEVICE, path: lend(path), source: lend(path))
            case .link(let path, let target):
                csb_entry(kind: CSB_SYMLINK, path: lend(path), source: lend(target))
            }
        }
        return words.withUnsafeBufferPointer { words in
            entries.withUnsafeBufferPointer { entries in
                var program = csb_program()
                program.executable = lend(executable)
                program.arguments = words.baseAddress
                program.work_folder = lend(workFolder)
                program.isolated = isIsolated
                program.keeps_user = keepsUser
                program.entries = entries.baseAddress
                program.entry_count = entries.count
                program.memory_bytes = limits.memoryBytes
                program.file_bytes = limits.fileBytes
                program.work_bytes = limits.workBytes
                program.processor_seconds = limits.processorSeconds
                program.processes = limits.threads
                program.open_files = limits.openFiles
                return body(&program)
            }
        }
    }
}

/// The step at which a process could not be started.
struct StartFailure: Error, CustomStringConvertible {
    let step: csb_step
    let code: Int32
    private let path: String?

    init(_ report: csb_report, entries: [SandboxView.Entry]) {
        step = csb_step(rawValue: UInt32(report.step))
        code = report.code
        let isEntry = step == CSB_STEP_MOUNT_ENTRY && Int(report.entry) < entries.count
        path = isEntry ? entries[Int(report.entry)].path : nil
    }

    /// Whether the system withholds isolation, as opposed to a mistake of ours or a missing file.
    var isRefusal: Bool {
        switch step {
        case CSB_STEP_NAMESPACES, CSB_STEP_USER_MAP, CSB_STEP_MOUNT_ROOT, CSB_STEP_MOUNT_ENTRY,
            CSB_STEP_MOUNT_WORK, CSB_STEP_PIVOT, CSB_STEP_USER, CSB_STEP_PRIVILEGES,
            CSB_STEP_LANDLOCK, CSB_STEP_FILTER:
            true
        default: false
        }
    }

    /// What was tried and why it failed: `become nobody: Operation not permitted`.
    var description: String { "\(attempt): \(BasicsError.reason(code))" }

    private var attempt: String {
        switch step {
        case CSB_STEP_PIPE: "make a pipe"
        case CSB_STEP_NAMESPACES: "make user, mount, process, network and IPC namespaces"
        case CSB_STEP_USER_MAP: "map the user into the user namespace"
        case CSB_STEP_SESSION: "start a session"
        case CSB_STEP_MOUNT_ROOT: "mount a root folder of its own"
        case CSB_STEP_MOUNT_ENTRY: "show \(path ?? "a file") in it"
        case CSB_STEP_MOUNT_WORK: "make the work folder"
        case CSB_STEP_PIVOT: "change to the new root folder"
        case CSB_STEP_USER: "become nobody"
        case CSB_STEP_LIMITS: "set the limits"
        case CSB_STEP_DESCRIPTORS: "place the descriptors"
        case CSB_STEP_PRIVILEGES: "give up all capabilities"
        case CSB_STEP_LANDLOCK: "apply Landlock"
        case CSB_STEP_FILTER: "apply the system call filter"
        case CSB_STEP_EXECUTE: "execute Python"
        default: "start"
        }
    }
}
