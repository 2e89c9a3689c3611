#if os(Linux)
    /// `F_OFD_SETLK`, which the headers show only to programs that ask for GNU extensions.
    let setOpenFileLock: Int32 = 37
    /// `F_OFD_GETLK`.
    let getOpenFileLock: Int32 = 36
#endif
