import Basics

/// What a pull is doing.
package enum PullProgress: Sendable, Hashable {
    /// Another process is pulling the same model.
    case waiting
    /// The hub is asked which files there are.
    case asking
    /// The file in the cache is not what it should be and is fetched again.
    case replacing(path: String)
    /// Bytes so far, and of how many where that is known.
    case downloading(Int64, of: Int64?)
    case unpacking(Int64, of: Int64)
    case checking(Int64, of: Int64)

    /// Shows the step of pulling `name` on the program's progress line.
    package func show(_ name: String, on line: ProgressLine) {
        switch self {
        case .waiting:
            line.note("\(name): waiting for another process that pulls it.")
        case .asking:
            line.update("asking for \(name)")
        case .replacing(let path):
            line.note("\(name): \(path) is damaged and is fetched again.")
        case .downloading(let done, let total):
            guard let total, total > 0 else {
                return line.update("pulling \(name)", detail: ByteCount.text(done))
            }
            Self.update(line, "pulling \(name)", done, total)
        case .unpacking(let done, let total):
            Self.update(line, "unpacking \(name)", done, total)
        case .checking(let done, let total):
            Self.update(line, "checking \(name)", done, total)
        }
    }

    private static func update(_ line: ProgressLine, _ label: String, _ done: Int64, _ total: Int64)
    {
        line.update(
            label, fraction: total > 0 ? min(1, Double(done) / Double(total)) : nil,
            detail: "\(ByteCount.text(min(done, total))) of \(ByteCount.text(total))")
    }
}
