#if os(Linux)
    import Basics
    import Glibc

    /// What `/proc` says of other processes.
    enum ProcessTable {
        /// Processes of a group; looks at every process of the machine.
        static func members(ofGroup group: Int32) -> [Int32] {
            let names = (try? FileSystem.names(in: "/proc")) ?? []
            return names.compactMap { Int32($0) }.filter { getpgid($0) == group }
        }

        static func residentBytes(of process: Int32) -> Int64? {
            // Pages: total size, resident, shared, ...
            guard let text = SystemCalls.readText("/proc/\(process)/statm", limit: 256) else {
                return nil
            }
            let fields = text.split(separator: " ")
            guard fields.count > 1, let pages = Int64(fields[1]) else { return nil }
            return pages * pageBytes
        }

        /// The most that a process has held at once since it was started.
        static func peakResidentBytes(of process: Int32) -> Int64? {
            guard let text = SystemCalls.readText("/proc/\(process)/status", limit: 1 << 14) else {
                return nil
            }
            return Fingerprint.memory("VmHWM:", meminfo: text)
        }

        /// How often the system has killed a process for want of memory; nil where it is not told.
        static func memoryKills() -> Int64? {
            guard let text = SystemCalls.readText("/proc/vmstat") else { return nil }
            let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
            return line.flatMap { Int64($0.dropFirst(9)) }
        }

        private static let pageBytes = Int64(sysconf(Int32(_SC_PAGESIZE)))
    }
#endif
