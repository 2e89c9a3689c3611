import Basics
import Tensors
import Testing

/// What stands out among logits, by every instruction set, against the definition.
@Suite struct ExtremesTests {
    static let lengths = [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 1000]

    /// Plain numbers, many that are equal, and some that are none.
    private func inputs(_ count: Int) -> [[Float]] {
        var generator = SeededGenerator(seed: UInt64(count))
        let plain = (0..<count).map { _ in Float(20 * generator.nextUnitInterval() - 10) }
        let odd = plain.map { value -> Float in
            switch generator.next() % 6 {
            case 0: .nan
            case 1: -.infinity
            default: value
            }
        }
        return [
            plain, plain.map { ($0 / 5).rounded() }, odd,
            Array(repeating: -.infinity, count: count),
            Array(repeating: -3, count: count), plain.map { $0 > 9 ? .infinity : $0 },
        ]
    }

    @Test(arguments: KernelVariant.available)
    func theLargestAndItsLead(variant: String) {
        for x in Self.lengths.flatMap({ inputs($0) }) {
            let numbers = x.filter { !$0.isNaN }.sorted(by: >)
            let largest = numbers.first ?? -.infinity
            let found = KernelComparison.with(variant) {
                x.withUnsafeBufferPointer { Extremes.largest($0) }
            }
            guard largest > -.infinity else {
                #expect(found.index == 0)
                continue
            }
            #expect(found.index == x.firstIndex(of: largest), "\(x.count)")
            let lead = numbers.count > 1 ? largest - numbers[1] : .infinity
            #expect(found.lead == lead || (found.lead.isNaN && lead.isNaN), "\(x.count)")
        }
    }

    @Test func thoseAboveABar() {
        for x in Self.lengths.flatMap({ inputs($0) }) {
            for bar: Float in [-11, 0, 9.5] {
                let wanted = x.indices.filter { x[$0] >= bar }
                for limit in [1, 8, 2000] {
                    let found = x.withUnsafeBufferPointer {
                        Extremes.indices(of: $0, atLeast: bar, limit: limit)
                    }
                    #expect(found == (wanted.count > limit ? nil : wanted))
                }
            }
        }
    }

    @Test func whatIsNotANumberIsFoundAnywhere() {
        for count in Self.lengths {
            #expect(
                [Float](repeating: 3e38, count: count).withUnsafeBufferPointer(
                    Extremes.areFinite))
            for place in [0, count / 2, count - 1] {
                for odd: Float in [.nan, .infinity, -.infinity] {
                    var x = [Float](repeating: -1, count: count)
                    x[place] = odd
                    #expect(!x.withUnsafeBufferPointer(Extremes.areFinite), "\(place) of \(count)")
                }
            }
        }
    }
}
