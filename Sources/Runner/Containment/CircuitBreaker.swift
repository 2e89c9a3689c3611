import Experiments

/// Stops a run from failing a hundred times for one cause.
///
/// When so many jobs have failed alike, the jobs that share with all of them a model, a
/// quantization, a task or hardware are not started any more; where the failed ones share
/// nothing, no job is. A success with the same in common shows that this was not the cause, and
/// nothing is held back.
struct CircuitBreaker {
    private let limit: Int
    private var failures: [String: [Cell]] = [:]
    private var successes: [Cell] = []
    private var open: [Group] = []

    private enum Axis: CaseIterable {
        case model, quantization, task, hardware

        func name(_ cell: Cell) -> String {
            switch self {
            case .model: cell.model
            case .quantization: cell.quantization
            case .task: cell.task
            case .hardware: cell.hardware
            }
        }
    }

    /// Jobs that are held back, by what they have in common.
    private struct Group {
        var shared: [Axis: String]
        var reason: String

        func contains(_ cell: Cell) -> Bool { shared.allSatisfy { $0.key.name(cell) == $0.value } }
    }

    /// - Parameter limit: equal failures after which it opens; 0 never.
    init(limit: Int) { self.limit = limit }

    mutating func noteSuccess(of cell: Cell) { successes.append(cell) }

    mutating func noteFailure(of cell: Cell, cause: FailureCause?, reason: String) {
        guard limit > 0 else { return }
        let signature = Self.signature(cause, reason)
        failures[signature, default: []].append(cell)
        let alike = (failures[signature] ?? []).suffix(limit)
        guard alike.count == limit else { return }
        var shared: [Axis: String] = [:]
        for axis in Axis.allCases where alike.allSatisfy({ axis.name($0) == axis.name(cell) }) {
            shared[axis] = axis.name(cell)
        }
        let names = Axis.allCases.compactMap { shared[$0] }.joined(separator: " ")
        let which = names.isEmpty ? "\(limit) jobs" : "\(limit) jobs with \(names)"
        let group = Group(
            shared: shared, reason: "not tried, for \(which) failed alike: \(reason)")
        if !successes.contains(where: group.contains) { open.append(group) }
    }

    /// Why a job is not worth starting; nil when it is.
    func objection(to cell: Cell) -> String? { open.first { $0.contains(cell) }?.reason }

    /// The reason without its numbers, which differ from job to job.
    private static func signature(_ cause: FailureCause?, _ reason: String) -> String {
        (cause?.rawValue ?? "") + ":" + reason.filter { !$0.isNumber }
    }
}
