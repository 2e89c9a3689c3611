import Basics
import Runner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What this binary is.
enum Program {
    static let version = "0.1.0"
    /// Counted up when a change of the engine can change a result; part of every job's identity.
    static let engineVersion = 5

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

    /// The folder with the datasets that come with the program: the launcher's checkout, or what
    /// `install` has put beside the binary.
    static var sharedFolder: String? {
        if let checkout = environment["BILLION_CHECKOUT"], !checkout.isEmpty { return checkout }
        let prefix = FileSystem.folder(of: FileSystem.folder(of: executable))
        let shared = FileSystem.join(prefix, Installation.share)
        return FileSystem.isFolder(shared) ? shared : nil
    }

    /// This binary's path.
    static var executable: String {
        let path = ChildProcessExecutor.ownExecutable
        return FileSystem.target(ofLink: path) ?? path
    }

    static var isRoot: Bool { geteuid() == 0 }

    /// The commit that the launcher built this binary from.
    static var commit: String? {
        environment["BILLION_COMMIT"].flatMap { $0.isEmpty ? nil : $0 }
    }
}
