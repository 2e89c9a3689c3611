#if os(macOS)
    extension TerminalModes {
        /// `_POSIX_VDISABLE`, a macro that Swift does not see: the key does nothing special.
        static let disabledKey: UInt8 = 0xFF
    }
#endif
