import Basics

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Where data (stdout) and messages (stderr) go.
enum Console {
    /// A line of data.
    static func print(_ text: String) { write(text + "\n") }

    /// Data as it is, at once.
    static func write(_ text: String) { write(Array(text.utf8), to: STDOUT_FILENO) }

    static func write(_ bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO) }

    /// A line for the user.
    static func error(_ text: String) { writeError(text + "\n") }

    /// A text for the user as it is, at once.
    static func writeError(_ text: String) { write(Array(text.utf8), to: STDERR_FILENO) }

    /// All of standard input.
    static func readAll() -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(STDIN_FILENO, &chunk, chunk.count)
            if count > 0 {
                bytes += chunk[..<count]
            } else if count == 0 || errno != EINTR {
                return bytes
            }
        }
    }

    /// Writes everything; a reader that has gone away ends the program quietly.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            #if canImport(Darwin)
                let count = rest.withUnsafeBytes {
                    Darwin.write(descriptor, $0.baseAddress, $0.count)
                }
            #else
                let count = rest.withUnsafeBytes {
                    Glibc.write(descriptor, $0.baseAddress, $0.count)
                }
            #endif
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EPIPE {
                exit(descriptor == STDOUT_FILENO ? 0 : 1)
            } else if errno != EINTR {
                return
            }
        }
    }
}
