#if canImport(Darwin)
    import Darwin

    typealias FileTime = (seconds: Int, nanoseconds: Int)

    /// Modification and change time of a file.
    func times(_ facts: stat) -> (modified: FileTime, changed: FileTime) {
        (
            (facts.st_mtimespec.tv_sec, facts.st_mtimespec.tv_nsec),
            (facts.st_ctimespec.tv_sec, facts.st_ctimespec.tv_nsec)
        )
    }
#endif
