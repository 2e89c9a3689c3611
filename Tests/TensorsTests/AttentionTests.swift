import Basics
import Tensors
import Testing

/// Attention as a backend computes it, against its definition and its laws.
@Suite struct AttentionTests {
    /// Of the weighted mean of values below 1, against f64 on the same rounded keys and values.
    static let tolerance = 2e-6

    struct Shape: Sendable, CustomStringConvertible {
        var heads: Int
        var keyHeads: Int
        var size: Int
        var description: String { "\(heads)/\(keyHeads) heads of \(size)" }
    }

    static let shapes = [
        Shape(heads: 3, keyHeads: 1, size: 64), Shape(heads: 4, keyHeads: 2, size: 20),
        Shape(heads: 2, keyHeads: 2, size: 80), Shape(heads: 8, keyHeads: 1, size: 16),
    ]
    static let formats = CacheFormat.allCases
    /// Crosses two borders of blocks.
    static let length = 300
    /// Positions that the sequences have in common; no multiple of anything.
    static let prefix = 141

    /// Rows of one sequence: queries, keys or values are a function of place and seed alone.
    static func vector(_ kind: Int, sequence: Int, position: Int, width: Int) -> [Float] {
        let stream = position < prefix ? 0 : sequence
        var generator = SeededGenerator(
            seed: UInt64(kind) << 40 | UInt64(stream) << 20 | UInt64(position))
        let scale = kind == 0 ? 6.0 : 2.0
        return (0..<width).map { _ in Float(scale * generator.nextUnitInterval() - scale / 2) }
    }

    /// A backend and a cache in which sequences grow.
    final class Desk {
        let shape: Shape
        let backend: CPUBackend
        let cache: any DeviceCache
        /// Slots of each sequence's positions so far.
        var slots: [[Int]]
        /// Slots to be given out, the last first.
        var free: [Int]
        /// By sequence and position.
        var results: [[Int: [Float]]]

        init(_ shape: Shape, _ format: CacheFormat, threads: Int, sequences: Int, free: [Int]) {
            self.shape = shape
            backend = CPUBackend(threads: threads, computation: .f32)
            cache = backend.makeCache(
                CacheShape(
                    layers: 2, heads: shape.keyHeads, headSize: shape.size, capacity: free.count,
                    format: format))
            slots = Array(repeating: [], count: sequences)
            results = Array(repeating: [:], count: sequences)
            self.free = free.reversed()
        }

        private func spans(_ slots: [Int]) -> [Range<Int>] {
            var spans: [Range<Int>] = []
            for slot in slots {
                if let last = spans.last, last.upperBound == slot {
                    spans[spans.count - 1] = last.lowerBound..<slot + 1
                } else {
                    spans.append(slot..<slot + 1)
                }
            }
            return spans
        }

        /// One pass with the next `count` positions of each sequence named.
        func pass(_ parts: [(sequence: Int, count: Int)]) {
            var rows: [(sequence: Int, position: Int)] = []
            var sequences: [SequenceRows] = []
            var targets: [Int32] = []
            for (sequence, count) in parts {
                let first = slots[sequence].count
                for position in first..<first + count {
                    rows.append((sequence, position))
                    slots[sequence].append(free.removeLast())
                    targets.append(Int32(slots[sequence][position]))
                }
                sequences.append(
                    SequenceRows(
                        firstRow: rows.count - count, count: count, spans: spans(slots[sequence])))
            }
            func table(_ kind: Int, _ heads: Int) -> any DeviceBuffer {
                backend.makeTable(rows: rows.count, width: heads * shape.size) { row, out in
                    _ = out.update(
                        from: AttentionTests.vector(
                            kind, sequence: rows[row].sequence, position: rows[row].position,
                            width: heads * shape.size))
                }
            }
            let queries = table(0, shape.heads)
            backend.store(
                keys: table(1, shape.keyHeads), values: table(2, shape.keyHeads), in: cache,
                layer: 1, slots: targets)
            let out = backend.makeBuffer(rows: rows.count, width: shape.heads * shape.size)
            backend.attend(queries, cache: cache, layer: 1, sequences: sequences, into: out)
            for (index, row) in rows.enumerated() {
                results[row.sequence][row.position] = backend.withRow(index, of: out) { Array($0) }
            }
        }
    }

    /// Each sequence alone, in one pass, on one thread, in adjacent slots.
    private func alone(_ shape: Shape, _ format: CacheFormat, sequences: Int) -> [[Int: [Float]]] {
        let desk = Desk(
            shape, format, threads: 1, sequences: sequences,
            free: Array(0..<sequences * Self.length))
        for sequence in 0..<sequences { desk.pass([(sequence, Self.length)]) }
        return desk.results
    }

    @Test(arguments: shapes, formats)
    func equalsTheDefinition(shape: Shape, format: CacheFormat) {
        let found = alone(shape, format, sequences: 1)[0]
        let rounded = { (kind: Int, position: Int) -> [Double] in
            Self.vector(kind, sequence: 0, position: position, width: shape.keyHeads * shape.size)
                .chunked(shape.size).flatMap { Self.rounded($0, to: format) }
        }
        let keys = (0..<Self.length).map { rounded(1, $0) }
        let values = (0..<Self.length).map { rounded(2, $0) }
        for position in [0, 1, 15, 16, 127, 128, 200, 299] {
            let query = Self.vector(
                0, sequence: 0, position: position, width: shape.heads * shape.size)
            for head in 0..<shape.heads {
                let start = head / (shape.heads / shape.keyHeads) * shape.size
                let scores = (0...position).map { other in
                    (0..<shape.size).reduce(0.0) {
                        $0 + Double(query[head * shape.size + $1]) * keys[other][start + $1]
                    } / Double(shape.size).squareRoot()
                }
                let weights = Self.softmax(scores)
                for element in 0..<shape.size {
                    let wanted = (0...position).reduce(0.0) {
                        $0 + weights[$1] * values[$1][start + element]
                    }
                    let computed = Double(found[position]?[head * shape.size + element] ?? .nan)
                    #expect(
                        abs(computed - wanted) < Self.tolerance,
                        "position \(position), head \(head), element \(element)")
                }
            }
        }
    }

    @Test(arguments: shapes, formats)
    func rowsDoNotDependOnTheirCompany(shape: Shape, format: CacheFormat) {
        let wanted = alone(shape, format, sequences: 3)
        var generator = SeededGenerator(seed: UInt64(shape.size))
        for (trial, threads) in [1, 2, 3, 2].enumerated() {
            // Slots in runs of random lengths, in random order.
            var free: [Int] = []
            var runs: [Range<Int>] = []
            var next = 0
            while next < 3 * Self.length {
                let count = 1 + generator.below(trial == 0 ? 200 : 40)
                runs.append(next..<next + count)
                next += count
            }
            while !runs.isEmpty {
                free += runs.remove(at: generator.below(runs.count))
            }
            let desk = Desk(shape, format, threads: threads, sequences: 3, free: free)
            // The common beginning once, in odd trials; every sequence by itself in even ones.
            if trial % 2 == 1 {
                while desk.slots[0].count < Self.prefix {
                    let count = 1 + generator.below(90)
                    desk.pass([(0, min(count, Self.prefix - desk.slots[0].count))])
                }
                for other in 1..<3 { desk.slots[other] = desk.slots[0] }
            }
            while desk.slots.contains(where: { $0.count < Self.length }) {
                var parts: [(sequence: Int, count: Int)] = []
                for sequence in 0..<3 {
                    let left = Self.length - desk.slots[sequence].count
                    let most = generator.below(2) == 0 ? 4 : 70
                    let count = min(left, generator.below(most))
                    if count > 0 { parts.append((sequence, count)) }
                }
                if !parts.isEmpty { desk.pass(parts) }
            }
            for sequence in 0..<3 {
                for (position, row) in desk.results[sequence] {
                    #expect(
                        row == wanted[sequence][position],
                        "trial \(trial), sequence \(sequence), position \(position)")
                }
            }
        }
    }

    private static func softmax(_ scores: [Double]) -> [Double] {
        let largest = scores.max() ?? 0
        let weights = scores.map { exponential($0 - largest) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    /// By squaring (1 + x / 2^30) with its second-order term; good to 1e-12 here.
    private static func exponential(_ x: Double) -> Double {
        let small = x / 0x1p20
        var value = 1 + small * (1 + small / 2 * (1 + small / 3))
        for _ in 0..<20 { value *= value }
        return value
    }

    private static func rounded(_ head: ArraySlice<Float>, to format: CacheFormat) -> [Double] {
        switch format {
        case .f32: head.map { Double($0) }
        case .f16:
            Array(head).withUnsafeBufferPointer { source in
                var halves = [UInt16](repeating: 0, count: source.count)
                var out = [Float](repeating: 0, count: source.count)
                F16.quantize(Array(source), count: source.count, into: &halves)
                F16.dequantize(halves, count: source.count, into: &out)
                return out.map { Double($0) }
            }
        case .q8_0:
            head.chunked(32).flatMap { part -> [Double] in
                // Padding with zeros changes no scale.
                let padded = Array(part) + [Float](repeating: 0, count: 32 - part.count)
                var block = [UInt8](repeating: 0, count: 34)
                var out = [Float](repeating: 0, count: 32)
                Q8_0.quantize(padded, count: 32, into: &block)
                Q8_0.dequantize(block, count: 32, into: &out)
                return out.prefix(part.count).map { Double($0) }
            }
        }
    }
}

extension RandomAccessCollection where Index == Int {
    fileprivate func chunked(_ size: Int) -> [SubSequence] {
        stride(from: startIndex, to: endIndex, by: size).map {
            self[$0..<Swift.min($0 + size, endIndex)]
        }
    }
}

extension SeededGenerator {
    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}
