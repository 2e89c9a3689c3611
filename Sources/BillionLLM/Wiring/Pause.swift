#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Waiting without work.
enum Pause {
    static func milliseconds(_ count: UInt32) { usleep(count * 1000) }
}
