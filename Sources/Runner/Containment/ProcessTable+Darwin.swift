#if os(macOS)
    import Darwin

    /// What the system says of other processes.
    enum ProcessTable {
        static func members(ofGroup group: Int32) -> [Int32] {
            var processes = [pid_t](repeating: 0, count: 4096)
            let bytes = proc_listpids(
                UInt32(PROC_PGRP_ONLY), UInt32(group), &processes,
                Int32(processes.count * MemoryLayout<pid_t>.size))
            guard bytes > 0 else { return [] }
            return processes.prefix(Int(bytes) / MemoryLayout<pid_t>.size).filter { $0 > 0 }
        }

        static func residentBytes(of process: Int32) -> Int64? {
            var information = proc_taskinfo()
            let size = Int32(MemoryLayout<proc_taskinfo>.size)
            guard proc_pidinfo(process, PROC_PIDTASKINFO, 0, &information, size) == size else {
                return nil
            }
            return Int64(information.pti_resident_size)
        }

        /// Not told for other processes; what was watched stands for it.
        static func peakResidentBytes(of process: Int32) -> Int64? { nil }

        static func memoryKills() -> Int64? { nil }
    }
#endif
