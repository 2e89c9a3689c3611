import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Linux's control groups (version 2) where one with memory is delegated to this process alone, as
/// `systemd-run --user --scope -p Delegate=yes billion run ...` does it.
///
/// The kernel then keeps a job's memory limit between two looks of `GroupMemory` too. A group with
/// members can have no groups that count memory below it, so this process moves into one of its
/// own first. Source: the kernel's Documentation/admin-guide/cgroup-v2.rst.
package final class ControlGroups: Sendable {
    private let folder: String
    private let madeCount = Mutex(0)

    /// Nil where there is no such group, it is not ours to write, or others are in it.
    ///
    /// - Parameters:
    ///   - root: where the hierarchy is mounted.
    ///   - membership: `/proc/self/cgroup`, whose line `0::PATH` names our group.
    package init?(root: String = "/sys/fs/cgroup", membership: String = "/proc/self/cgroup") {
        let lines = SystemCalls.readText(membership)?.split(separator: "\n") ?? []
        guard let line = lines.first(where: { $0.hasPrefix("0::/") }) else { return nil }
        folder = root + line.dropFirst(3)
        let controllers = SystemCalls.readText(folder + "/cgroup.controllers") ?? ""
        guard controllers.split(whereSeparator: \.isWhitespace).contains("memory") else {
            return nil
        }
        let own = folder + "/billion-runner"
        guard mkdir(own, 0o755) == 0 || errno == EEXIST else { return nil }
        guard SystemCalls.overwrite(own + "/cgroup.procs", "\(getpid())"),
            SystemCalls.overwrite(folder + "/cgroup.subtree_control", "+memory")
        else {
            _ = SystemCalls.overwrite(folder + "/cgroup.procs", "\(getpid())")
            rmdir(own)
            return nil
        }
    }

    /// A group for a process and all that it starts, which together hold no more than `limit` bytes;
    /// nil where the system refuses.
    func makeGroup(for process: Int32, limit: Int64) -> ControlGroup? {
        let number = madeCount.withLock { count in
            count += 1
            return count
        }
        return ControlGroup(
            folder: "\(folder)/billion-job-\(getpid())-\(number)", process: process, limit: limit)
    }
}

/// One job's control group.
final class ControlGroup {
    private let folder: String

    fileprivate init?(folder: String, process: Int32, limit: Int64) {
        guard mkdir(folder, 0o755) == 0 else { return nil }
        self.folder = folder
        // Without swap the limit is one of memory; not every kernel has this file.
        _ = SystemCalls.overwrite(folder + "/memory.swap.max", "0")
        // Not one process of a job alone.
        _ = SystemCalls.overwrite(folder + "/memory.oom.group", "1")
        guard SystemCalls.overwrite(folder + "/memory.max", "\(limit)"),
            SystemCalls.overwrite(folder + "/cgroup.procs", "\(process)")
        else {
            rmdir(folder)
            return nil
        }
    }

    /// Ends what is left in the group, strays that left the job's process group too, and removes it.
    func remove() {
        _ = SystemCalls.overwrite(folder + "/cgroup.kill", "1")
        // Killed processes leave a moment later.
        for _ in 0..<100 where rmdir(folder) != 0 && errno == EBUSY { usleep(10_000) }
    }

    /// Whether the kernel has ended the job at its limit.
    var wasKilledForMemory: Bool {
        let events = SystemCalls.readText(folder + "/memory.events") ?? ""
        return events.split(separator: "\n").contains {
            $0.hasPrefix("oom_kill ") && $0 != "oom_kill 0"
        }
    }

    /// The most that the group has held; nil where the kernel does not say.
    var peakBytes: Int64? {
        SystemCalls.readText(folder + "/memory.peak").flatMap { Int64(Fingerprint.tidy($0)) }
    }
}
