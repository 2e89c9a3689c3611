#if os(Linux)
    import Glibc

    typealias FileTime = (seconds: Int, nanoseconds: Int)

    /// Modification and change time of a file.
    func times(_ facts: stat) -> (modified: FileTime, changed: FileTime) {
        (
            (facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec),
            (facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec)
        )
    }
#endif
