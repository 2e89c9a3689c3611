import Experiments
import Runner

/// The part of a plan that this call is for: one cell, or one of several shares.
enum PlanPart: Hashable {
    case all
    /// From 1.
    case cell(Int)
    /// The `index`-th of `count` shares, from 1.
    case shard(index: Int, count: Int)

    init(_ arguments: Arguments, cellCount: Int) throws {
        let cell = try arguments.integer("cell", in: 1...max(cellCount, 1))
        guard let text = arguments.string("shard") else {
            self = cell.map { .cell($0) } ?? .all
            return
        }
        if cell != nil { throw UsageError("--cell and --shard do not go together.") }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let index = parts[0], let count = parts[1], count > 0,
            (1...count).contains(index)
        else {
            throw UsageError("--shard is '\(text)'; wanted a share such as 1/4, 2/4, 3/4 or 4/4.")
        }
        self = .shard(index: index, count: count)
    }

    /// Places of the cells that belong to it.
    ///
    /// Shares get whole groups of equal weights where there are enough, so that a model is fetched
    /// and converted on as few machines as possible.
    func places(of cells: [Cell]) -> [Int] {
        switch self {
        case .all: return Array(cells.indices)
        case .cell(let number): return [number - 1]
        case .shard(let index, let count):
            var groups: [[String]: Int] = [:]
            for cell in cells where groups[[cell.model, cell.quantization]] == nil {
                groups[[cell.model, cell.quantization]] = groups.count
            }
            guard groups.count >= count else {
                return cells.indices.filter { $0 % count == index - 1 }
            }
            return cells.indices.filter { place in
                let group = groups[[cells[place].model, cells[place].quantization]] ?? 0
                return group % count == index - 1
            }
        }
    }
}
