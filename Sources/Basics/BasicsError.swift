#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What went wrong between the program and the machine it runs on.
package enum BasicsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A system call failed: on what, what was tried, and the system's own code.
    case system(place: String, attempt: String, code: Int32)
    /// A program that is not on PATH.
    case programMissing(name: String)
    /// A variable of the environment is missing or unusable; the text is the whole sentence.
    case environment(String)
    /// A file is not what it should be; the text is the whole sentence.
    case file(String)

    package var description: String {
        switch self {
        case .system(let place, let attempt, let code):
            "\(place): cannot \(attempt): \(Self.reason(code))."
        case .programMissing(let name):
            "\(name): no such program on PATH."
        case .environment(let sentence), .file(let sentence):
            sentence
        }
    }

    /// True when the disk had no room left.
    package var isDiskFull: Bool {
        if case .system(_, _, let code) = self { return code == ENOSPC || code == EDQUOT }
        return false
    }

    /// The error of the system call that has just failed.
    static func last(_ place: String, _ attempt: String) -> BasicsError {
        .system(place: place, attempt: attempt, code: errno)
    }

    /// The system's words for a code: `No such file or directory`.
    package static func reason(_ code: Int32) -> String {
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text)
    }
}

/// Calls again while a signal interrupts; the result is -1 only for a real failure.
@discardableResult
func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}
