#if os(Linux)
    import Glibc

    extension Fingerprint {
        static func processor() -> String {
            processorName(
                cpuinfo: SystemCalls.readText("/proc/cpuinfo") ?? "",
                deviceModel: SystemCalls.readText("/proc/device-tree/model"))
        }

        /// Cores that this process may use: affinity, further limited by its control groups.
        static func cores() -> Int {
            let status = SystemCalls.readText("/proc/self/status") ?? ""
            let allowed =
                allowedCount(status: status) ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
            let quotas = controlGroupValues("cpu.max").compactMap { coreLimit(cpuMax: $0) }
            return quotas.reduce(allowed, min)
        }

        /// Memory of the machine, or of the control group where that has less.
        static func memoryBytes() -> Int64 {
            let meminfo = SystemCalls.readText("/proc/meminfo") ?? ""
            let machine = memory("MemTotal:", meminfo: meminfo) ?? 0
            guard let limit = memoryLimit() else { return machine }
            return machine > 0 ? min(machine, limit) : limit
        }

        /// What the system says could be used without swapping, or the control group's limit
        /// where that is less.
        static func availableMemoryBytes() -> Int64? {
            let meminfo = SystemCalls.readText("/proc/meminfo") ?? ""
            return [memory("MemAvailable:", meminfo: meminfo), memoryLimit()]
                .compactMap(\.self).min()
        }

        private static func memoryLimit() -> Int64? {
            controlGroupValues("memory.max").compactMap { Int64(tidy($0)) }.filter { $0 > 0 }.min()
        }

        static func operatingSystem() -> String {
            let release = SystemCalls.readText("/proc/sys/kernel/osrelease") ?? ""
            let description =
                SystemCalls.readText("/etc/os-release")
                ?? SystemCalls.readText("/usr/lib/os-release") ?? ""
            return systemName(osRelease: description, kernelRelease: release)
        }

        // MARK: - Reading what the files say

        /// The name in `/proc/cpuinfo`, or what aarch64 gives instead of one.
        static func processorName(cpuinfo: String, deviceModel: String?) -> String {
            var fields: [String: String] = [:]
            for line in cpuinfo.split(whereSeparator: \.isNewline) {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { continue }
                let key = tidy(parts[0])
                if fields[key] == nil { fields[key] = tidy(parts[1]) }
            }
            for key in ["model name", "Model Name", "cpu model", "cpu"] {
                if let name = fields[key], !name.isEmpty, name != "unknown" { return name }
            }
            if let implementer = fields["CPU implementer"], let part = fields["CPU part"] {
                return armCores["\(implementer) \(part)"]
                    ?? "aarch64 implementer \(implementer) part \(part)"
            }
            if let name = fields["Hardware"], !name.isEmpty { return name }
            let device = tidy((deviceModel ?? "").filter { $0 != "\0" })
            return device.isEmpty ? "unknown" : device
        }

        /// Cores that 64-bit ARM Linux gives only by number, as machines for this work have them.
        private static let armCores = [
            "0x41 0xd08": "Arm Cortex-A72", "0x41 0xd0b": "Arm Cortex-A76",
            "0x41 0xd0c": "Arm Neoverse-N1", "0x41 0xd40": "Arm Neoverse-V1",
            "0x41 0xd49": "Arm Neoverse-N2", "0x41 0xd4f": "Arm Neoverse-V2",
            "0xc0 0xac3": "Ampere-1", "0xc0 0xac4": "Ampere-1a",
        ]

        /// Processors in the affinity mask, from the line `Cpus_allowed_list: 0-3,8`.
        ///
        /// The same mask as `sched_getaffinity` gives, which Swift does not import.
        static func allowedCount(status: String) -> Int? {
            for line in status.split(whereSeparator: \.isNewline)
            where line.hasPrefix("Cpus_allowed_list:") {
                var count = 0
                for range in tidy(line.dropFirst(18)).split(separator: ",") {
                    let ends = range.split(separator: "-").map { Int($0) }
                    guard let first = ends.first ?? nil, let last = ends.last ?? nil,
                        0 <= first, first <= last, last < 1 << 20
                    else { return nil }
                    count += last - first + 1
                }
                return count > 0 ? count : nil
            }
            return nil
        }

        /// Whole cores that a `cpu.max` allows, rounded up; nil when it sets no limit.
        static func coreLimit(cpuMax: String) -> Int? {
            let parts = cpuMax.split(whereSeparator: \.isWhitespace)
            guard parts.count == 2, let quota = Int64(parts[0]), let period = Int64(parts[1]),
                quota > 0, period > 0
            else { return nil }
            let whole = quota / period + (quota % period == 0 ? 0 : 1)
            return Int(exactly: whole)
        }

        /// Bytes that a line of `/proc/meminfo` gives in kibibytes.
        ///
        /// - Parameter field: the line's first word, `MemTotal:`.
        static func memory(_ field: String, meminfo: String) -> Int64? {
            for line in meminfo.split(whereSeparator: \.isNewline) where line.hasPrefix(field) {
                let words = line.split(whereSeparator: \.isWhitespace)
                guard words.count > 1, let kibibytes = Int64(words[1]) else { return nil }
                let (bytes, overflow) = kibibytes.multipliedReportingOverflow(by: 1024)
                return overflow ? nil : bytes
            }
            return nil
        }

        /// The distribution and the kernel: `Debian GNU/Linux 12 (bookworm), Linux 6.1`.
        static func systemName(osRelease: String, kernelRelease: String) -> String {
            let kernel = tidy("Linux \(majorMinor(kernelRelease))")
            for line in osRelease.split(whereSeparator: \.isNewline)
            where line.hasPrefix("PRETTY_NAME=") {
                let name = tidy(line.dropFirst(12).filter { $0 != "\"" && $0 != "'" })
                if !name.isEmpty { return "\(name), \(kernel)" }
            }
            return kernel
        }

        /// The folders of a process's version 2 control group, from its own up to the root.
        static func controlGroupFolders(membership: String) -> [String] {
            for line in membership.split(whereSeparator: \.isNewline) where line.hasPrefix("0::") {
                var parts = line.dropFirst(3).split(separator: "/")
                var folders: [String] = []
                while !parts.isEmpty {
                    folders.append("/sys/fs/cgroup/" + parts.joined(separator: "/"))
                    parts.removeLast()
                }
                return folders + ["/sys/fs/cgroup"]
            }
            return []
        }

        private static func controlGroupValues(_ file: String) -> [String] {
            let membership = SystemCalls.readText("/proc/self/cgroup") ?? ""
            return controlGroupFolders(membership: membership)
                .compactMap { SystemCalls.readText("\($0)/\(file)") }
        }
    }
#endif
