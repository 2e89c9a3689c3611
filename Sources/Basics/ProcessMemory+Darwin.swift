#if canImport(Darwin)
    import Darwin

    /// Memory of the current process.
    package enum ProcessMemory {
        /// The most memory that was resident at once.
        ///
        /// nil when the system does not say.
        package static func peakResidentBytes() -> Int? {
            var usage = rusage()
            guard getrusage(RUSAGE_SELF, &usage) == 0 else { return nil }
            return Int(usage.ru_maxrss)
        }
    }
#endif
