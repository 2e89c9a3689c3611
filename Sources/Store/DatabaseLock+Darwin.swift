#if canImport(Darwin)
    /// `F_OFD_SETLK` of `sys/fcntl.h`, by value because not every SDK shows it.
    let setOpenFileLock: Int32 = 90
    /// `F_OFD_GETLK`.
    let getOpenFileLock: Int32 = 92
#endif
