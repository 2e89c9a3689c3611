import Basics
import CKernels
import Tensors
import Testing

/// The attention kernels of every instruction set against the scalar ones.
@Suite struct AttentionKernelTests {
    static let variants = KernelVariant.available
    /// Relative error that `attention.c` states for its exp2.
    static let exponentialTolerance = 1e-7
    /// Absolute error of a state whose weights and values are at most 1 each, 128 of them, summed
    /// in f32 in another order.
    static let stateTolerance: Float = 1e-4

    /// One block of positions of its own random content.
    private struct Block {
        let head: Int
        var queries: [Float]
        var seen: [Int32]
        var keys: [Float]
        var values: [Float]
        /// Where its pieces begin, each in memory of its own.
        var pieces = [0]

        init(rows: Int, head: Int, seed: UInt64) {
            var generator = SeededGenerator(seed: seed)
            func random(_ count: Int) -> [Float] {
                (0..<count).map { _ in Float(2 * generator.nextUnitInterval() - 1) }
            }
            let padded = (head + 15) / 16 * 16
            self.head = head
            queries = random(rows * head)
            keys = random(128 * head)
            values = random(128 * padded)
            for element in head..<padded {
                for position in 0..<128 {
                    values[(element / 16 * 128 + position) * 16 + element % 16] = 0
                }
            }
            seen = (0..<rows).map { _ in Int32(generator.below(129)) }
        }

        /// Keys of a piece, whose first position begins a group.
        private func keys(ofPiece index: Int) -> [Float] {
            let first = pieces[index]
            let end = index + 1 < pieces.count ? pieces[index + 1] : 128
            // Lanes that no position of the piece has.
            var own = [Float](repeating: .nan, count: (end - first + 15) / 16 * 16 * head)
            for place in 0..<end - first {
                let position = first + place
                for element in 0..<head {
                    own[(place / 16 * head + element) * 16 + place % 16] =
                        keys[(position / 16 * head + element) * 16 + position % 16]
                }
            }
            return own
        }

        func states(_ variant: String) -> [[Float]] {
            defer { _ = ck_choose_variant_here(nil) }
            #expect(ck_choose_variant_here(variant))
            let width = Int(ck_attention_state_width(Int64(head)))
            var states = [Float](repeating: 0, count: seen.count * width)
            var block = ck_attention_block()
            queries.withUnsafeBufferPointer { queries in
                seen.withUnsafeBufferPointer { seen in
                    block.rows = Int64(seen.count)
                    block.head = Int64(head)
                    block.queries = queries.baseAddress
                    block.seen = seen.baseAddress
                    let ownKeys = pieces.indices.map { keys(ofPiece: $0) }
                    values.withUnsafeBytes { values in
                        let list = pieces.indices.map { index in
                            let memory = UnsafeMutablePointer<Float>.allocate(
                                capacity: ownKeys[index].count)
                            memory.initialize(from: ownKeys[index], count: ownKeys[index].count)
                            return ck_attention_piece(
                                first: Int64(pieces[index]), keys: memory,
                                values: values.baseAddress! + pieces[index] * 64)
                        }
                        defer { for piece in list { piece.keys.deallocate() } }
                        list.withUnsafeBufferPointer { list in
                            states.withUnsafeMutableBufferPointer { states in
                                block.pieces = list.baseAddress
                                block.piece_count = Int64(list.count)
                                block.value_stride = 16
                                block.value_panel_stride = 128 * 16
                                block.states = states.baseAddress
                                ck_attend(&block)
                            }
                        }
                    }
                }
            }
            // Sums, largest score and sum of weights, without the padding.
            return seen.indices.map { row in
                let state = states[row * width..<(row + 1) * width]
                return Array(state.prefix(head)) + Array(state.suffix(16).prefix(2))
            }
        }
    }

    @Test(arguments: variants)
    func equalsScalar(variant: String) {
        for head in [1, 5, 16, 20, 64, 80, 128] {
            for rows in [1, 2, 3, 4, 5, 6, 7, 8, 9, 23, 24, 25, 49] {
                let block = Block(rows: rows, head: head, seed: UInt64(1000 * head + rows))
                let wanted = block.states("scalar")
                let found = block.states(variant)
                for row in 0..<rows where block.seen[row] > 0 {
                    let difference = zip(wanted[row], found[row]).map { abs($0 - $1) }.max() ?? 0
                    #expect(difference < Self.stateTolerance, "head \(head), row \(row) of \(rows)")
                }
            }
        }
    }

    /// A block in pieces is the same block, to the bit.
    @Test(arguments: variants)
    func piecesChangeNothing(variant: String) {
        for head in [5, 64] {
            for rows in [1, 3, 13, 30] {
                var block = Block(rows: rows, head: head, seed: UInt64(head + rows))
                let wanted = block.states(variant)
                for pieces in [[0, 16], [0, 22], [0, 1, 2], [0, 15, 127], [0, 40, 41, 100]] {
                    block.pieces = pieces
                    let found = block.states(variant)
                    for row in 0..<rows where block.seen[row] > 0 {
                        #expect(found[row] == wanted[row], "head \(head), \(pieces), row \(row)")
                    }
                }
            }
        }
    }

    /// Two positions, of which the second scores `score` less than the first and has value 1.
    private func weight(ofScore score: Float, _ variant: String) -> Float {
        var block = Block(rows: 1, head: 1, seed: 1)
        block.seen = [2]
        block.queries = [1]
        block.keys[0] = 0
        block.keys[1] = -score
        block.values[0] = 0
        block.values[16] = 1
        return block.states(variant)[0][0]
    }

    @Test(arguments: variants)
    func exponentialKeepsItsBound(variant: String) {
        var generator = SeededGenerator(seed: 4)
        var worst = 0.0
        for _ in 0..<4000 {
            let score = Float(64 * generator.nextUnitInterval())
            let exact = exp2(-Double(score))
            worst = max(worst, abs(Double(weight(ofScore: score, variant)) - exact) / exact)
        }
        #expect(worst < Self.exponentialTolerance)
        #expect(weight(ofScore: 0, variant) == 1)
        #expect(weight(ofScore: 64, variant) > 0)
        for score in [Float(64.001), 100, 127, 150, 1e30, .infinity] {
            #expect(weight(ofScore: score, variant) == 0, "too small to be seen: exactly 0")
        }
    }

    private func exp2(_ x: Double) -> Double {
        var (result, rest) = (1.0, -x)
        while rest >= 1 { (result, rest) = (result / 2, rest - 1) }
        // The series of exp(-rest ln 2) to 20 terms.
        var (term, sum) = (1.0, 1.0)
        for n in 1...20 {
            term *= -rest * 0.693147180559945309 / Double(n)
            sum += term
        }
        return result * sum
    }

    @Test(arguments: variants)
    func unseenPositionsDoNotMatterAndSeenNaNsDo(variant: String) {
        var block = Block(rows: 5, head: 20, seed: 9)
        block.seen = [40, 41, 128, 0, 3]
        let clean = block.states(variant)
        // Element 7 of the key at position 40.
        block.keys[40 / 16 * 16 * 20 + 7 * 16 + 40 % 16] = .nan
        let dirty = block.states(variant)
        for row in [0, 4] { #expect(dirty[row] == clean[row]) }
        for row in [1, 2] { #expect(dirty[row][0].isNaN) }
    }

    @Test(arguments: variants)
    func mergingIsWhatOneLargerBlockWouldSee(variant: String) {
        defer { _ = ck_choose_variant_here(nil) }
        #expect(ck_choose_variant_here(variant))
        let width = Int(ck_attention_state_width(3))
        func state(_ value: Float, largest: Float, sum: Float) -> [Float] {
            var state = [Float](repeating: 0, count: width)
            for element in 0..<3 { state[element] = value * sum }
            state[width - 16] = largest
            state[width - 15] = sum
            return state
        }
        for (first, second) in [(Float(0), Float(-1)), (-1, 0), (5, 5), (0, -200), (-200, 0)] {
            var into = state(2, largest: first, sum: 3)
            ck_attention_merge(1, 3, nil, &into, state(10, largest: second, sum: 1))
            var mean = [Float](repeating: 0, count: 3)
            ck_attention_finish(3, into, &mean)
            let a = 3 * exp2(Double(max(first, second) - first) * -1)
            let b = exp2(Double(max(first, second) - second) * -1)
            let wanted = Float((2 * a + 10 * b) / (a + b))
            #expect(mean.allSatisfy { abs($0 - wanted) < 1e-5 }, "\(first) and \(second)")
        }
    }
}
