#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What this binary is.
enum Program {
    static let version = "0.1.0"
    /// Counted up when a change of the engine can change a result; part of every job's identity.
    static let engineVersion = 3

    #if DEBUG
        static let configuration = "debug"
    #else
        static let configuration = "release"
    #endif

    static var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// How the user calls this program, for commands that are shown to be copied.
    static var command: String {
        environment["BILLION_COMMAND"].flatMap { $0.isEmpty ? nil : $0 } ?? "billion"
    }

    /// The commit that the launcher built this binary from.
    static var commit: String? {
        environment["BILLION_COMMIT"].flatMap { $0.isEmpty ? nil : $0 }
    }
}
