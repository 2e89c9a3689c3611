import Basics
import Runner
import Tasks

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A job's own process: told what to do on stdin, answers on stdout.
enum JobCommand: Command {
    static let specification = CommandSpecification(
        name: "__job", summary: "run one job for a runner", isHidden: true)

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        exit(ChildSide.run { ModelExecutor(resources: $0.resources) })
    }
}

/// Converts a file into the cache and prints where it is.
enum QuantizeCommand: Command {
    static let specification = CommandSpecification(
        name: "__quantize", summary: "convert a model into the cache for a runner",
        operands: "FILE FORMAT", operandCount: 2...2, isHidden: true)

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        // The runner holds the other end: when it is gone, so is the reason to convert.
        WorkerThread.start {
            var byte: UInt8 = 0
            while read(STDIN_FILENO, &byte, 1) > 0 {}
            _exit(ExitStatus.interrupted.rawValue)
        }
        Console.print(
            try ModelAccess.standard().converted(arguments.operands[0], to: arguments.operands[1]))
        return .success
    }
}
