#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Another program, run to its end: arguments and environment in, output and exit status out.
///
///     let outcome = try Subprocess("git", ["rev-parse", "HEAD"]).run()
///     if outcome.succeeded { print(outcome.outputText) }
///
/// The child gets the three standard descriptors and no other, default signal handling, and is
/// always waited for. A program without a slash is looked for on the PATH of `environment`.
package struct Subprocess: Sendable {
    package var program: String
    package var arguments: [String]
    package var environment: [String: String]
    package var input: Input
    /// After this long the child and everything it started are killed.
    package var timeLimit: Duration?

    package init(
        _ program: String, _ arguments: [String] = [],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        input: Input = .nothing, timeLimit: Duration? = nil
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.input = input
        self.timeLimit = timeLimit
    }

    /// What the child reads from its standard input.
    package enum Input: Sendable {
        case nothing
        case bytes([UInt8])
        /// A pipe that never has data and ends when this process does, however that happens: a
        /// child that watches it need not outlive its parent.
        case lifeline
    }

    package struct Outcome: Sendable {
        package let ending: Ending
        /// Empty when the output went to a closure instead.
        package let output: [UInt8]
        package let errors: [UInt8]

        package var succeeded: Bool { ending == .exited(0) }
        package var outputText: String { String(decoding: output, as: UTF8.self) }
        package var errorText: String { String(decoding: errors, as: UTF8.self) }
    }

    package enum Ending: Sendable, Hashable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)
        case timedOut

        package var description: String {
            switch self {
            case .exited(let status): "exit status \(status)"
            case .signalled(let signal): "signal \(signal) (\(String(cString: strsignal(signal))))"
            case .timedOut: "time limit"
            }
        }
    }

    /// Runs the program, waits for it and keeps all it writes.
    ///
    /// - Parameter onTick: called about ten times a second while the child runs.
    /// - Throws: `BasicsError` when the program cannot be found or started.
    package func run(onTick: () -> Void = {}) throws -> Outcome {
        var output: [UInt8] = []
        let outcome = try run(onOutput: { output += $0 }, onTick: onTick)
        return Outcome(ending: outcome.ending, output: output, errors: outcome.errors)
    }

    /// Runs the program and hands its standard output on as it comes.
    ///
    /// - Parameter onOutput: an error it throws ends the child and is thrown on.
    package func run(
        onOutput: (UnsafeRawBufferPointer) throws -> Void, onTick: () -> Void = {}
    ) throws -> Outcome {
        let child = try ChildProcess(self)
        return try child.wait(timeLimit: timeLimit, onOutput: onOutput, onTick: onTick)
    }

    /// The same with whole lines, without their ends.
    package func run(onLine: (String) throws -> Void, onTick: () -> Void = {}) throws -> Outcome {
        var splitter = LineSplitter()
        let outcome = try run(onOutput: { try splitter.take($0, onLine) }, onTick: onTick)
        try splitter.finish(onLine)
        return outcome
    }

    /// The file that `name` stands for, or nil.
    package static func find(
        _ name: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String? {
        func isProgram(_ path: String) -> Bool {
            access(path, X_OK) == 0 && FileSystem.isFile(path)
        }
        if name.contains("/") { return isProgram(name) ? name : nil }
        let folders = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin")
            .split(separator: ":", omittingEmptySubsequences: false)
        return folders.lazy.map { FileSystem.join($0.isEmpty ? "." : String($0), name) }
            .first(where: isProgram)
    }
}

/// Bytes in, lines out; a line may be spread over many pieces.
struct LineSplitter {
    private var pending: [UInt8] = []

    mutating func take(_ bytes: UnsafeRawBufferPointer, _ onLine: (String) throws -> Void) rethrows
    {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            pending += rest[..<end]
            rest = rest[(end + 1)...]
            try flush(onLine)
        }
        pending += rest
    }

    /// A last line without an end counts too.
    mutating func finish(_ onLine: (String) throws -> Void) rethrows {
        if !pending.isEmpty { try flush(onLine) }
    }

    private mutating func flush(_ onLine: (String) throws -> Void) rethrows {
        if pending.last == UInt8(ascii: "\r") { pending.removeLast() }
        let line = String(decoding: pending, as: UTF8.self)
        pending.removeAll(keepingCapacity: true)
        try onLine(line)
    }
}
