#if os(Linux)
    import Glibc

    /// Memory of the current process.
    package enum ProcessMemory {
        /// The most memory that was resident at once (VmHWM of this program alone: getrusage
        /// would count the parent's from before exec).
        ///
        /// nil when the system does not say.
        package static func peakResidentBytes() -> Int? {
            guard let file = fopen("/proc/self/status", "r") else { return nil }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 256)
            while fgets(&line, Int32(line.count), file) != nil {
                let text = line.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
                guard text.hasPrefix("VmHWM:") else { continue }
                let digits = text.filter { $0.isASCII && $0.isNumber }
                return Int(digits).map { $0 * 1024 }
            }
            return nil
        }
    }
#endif
