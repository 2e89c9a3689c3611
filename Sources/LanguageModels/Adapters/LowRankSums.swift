import Basics
import Tensors

/// An adapter laid out for a model: what is added to each matrix, by the matrix's name.
struct LowRankSums: Sendable {
    /// W + B A of one matrix.
    struct Sum: Sendable {
        let rank: Int
        let columns: Int
        /// [rank, columns].
        let a: [Float]
        /// [rows, rank], scaled, rows in the order of the model's matrix.
        let b: [Float]
    }

    private let sums: [String: Sum]

    /// - Parameter adapter: its modules are layers of the model (`LoRAAdapter.init(path:for:)`).
    init(_ adapter: LoRAAdapter, for model: ModelConfiguration) {
        let linears = Dictionary(
            model.adaptableLinears.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        let scaling = adapter.configuration.scaling
        var sums: [String: Sum] = [:]
        for module in adapter.modules {
            guard let linear = linears[module.path], linear.inputs == module.inputs,
                linear.outputs == module.outputs
            else { preconditionFailure("the adapter was read for this model") }
            sums[linear.weight] = Sum(
                rank: adapter.configuration.rank, columns: module.inputs, a: module.a,
                b: linear.inModelOrder(module.b).map { $0 * scaling })
        }
        self.sums = sums
    }

    subscript(weight: String) -> Sum? { sums[weight] }
}

extension LowRankSums.Sum {
    /// Rows of B as a backend takes them.
    func hostB(rows: Range<Int>) -> HostMatrix {
        Self.host(b[rows.lowerBound * rank..<rows.upperBound * rank], columns: rank)
    }

    func hostA() -> HostMatrix { Self.host(a[...], columns: columns) }

    private static func host(_ values: ArraySlice<Float>, columns: Int) -> HostMatrix {
        let memory = MappedFile(byteCount: 4 * values.count, name: "adapter") { target in
            values.withUnsafeBytes { target.copyMemory(from: $0) }
        }
        guard let data = memory.bytes.baseAddress else { preconditionFailure("never empty") }
        return HostMatrix(
            format: F32.self, rows: values.count / columns, columns: columns, data: data,
            owner: memory)
    }

    /// values[t] += (B A)[firstRow + t] for whole rows, `count` elements in all.
    func add(to values: UnsafeMutablePointer<Float>, firstRow: Int, count: Int) {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                for row in 0..<count / columns {
                    let target = values + row * columns
                    for k in 0..<rank {
                        let factor = b[(firstRow + row) * rank + k]
                        if factor == 0 { continue }
                        for column in 0..<columns {
                            target[column] += factor * a[k * columns + column]
                        }
                    }
                }
            }
        }
    }
}
