#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Signals as people know them.
enum SignalName {
    private static let names: [Int32: String] = [
        SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGHUP: "SIGHUP",
        SIGILL: "SIGILL", SIGINT: "SIGINT", SIGKILL: "SIGKILL", SIGPIPE: "SIGPIPE",
        SIGQUIT: "SIGQUIT", SIGSEGV: "SIGSEGV", SIGSYS: "SIGSYS", SIGTERM: "SIGTERM",
        SIGTRAP: "SIGTRAP", SIGXCPU: "SIGXCPU",
    ]

    /// Signals that a process does not bring upon itself.
    static func comesFromOutside(_ signal: Int32) -> Bool {
        [SIGKILL, SIGTERM, SIGHUP, SIGINT, SIGQUIT].contains(signal)
    }

    /// The number, the name and a guess: `signal 9 (SIGKILL): out of memory?`.
    static func sentence(_ signal: Int32) -> String {
        let name = names[signal].map { " (\($0))" } ?? ""
        return "signal \(signal)\(name)" + (signal == SIGKILL ? ": out of memory?" : "")
    }
}
