import Basics
import Testing

@testable import Reporting

/// Ticks, the front, and where labels go.
@Suite struct ChartPartTests {
    @Test(arguments: [
        (ChartAxis("", .linear), [0.21, 0.25], ["0.21", "0.22", "0.23", "0.24", "0.25"]),
        (ChartAxis("", .fromZero, .percent), [0.3, 1.0], ["0 %", "50 %", "100 %"]),
        (ChartAxis("", .logarithmic), [40, 226], ["50", "100", "200"]),
        (
            ChartAxis("", .logarithmic), [1, 1e6],
            ["1", "100", "10,000", "1,000,000"]
        ),
        (ChartAxis("", .fromZero), [-5, 5], ["-5", "0", "5"]),
        (ChartAxis("", .linear), [7, 7], ["6.5", "7", "7.5"]),
        (ChartAxis("", .fromZero), [Double](), ["0", "0.5", "1"]),
    ])
    func ticksAreRound(_ axis: ChartAxis, _ values: [Double], _ labels: [String]) {
        let ruler = ChartRuler(axis, values: values, start: 0, end: 100)
        #expect(ruler.ticks.map(ruler.label) == labels)
        let places = ruler.ticks.map(ruler.place)
        #expect(places == places.sorted())
        #expect(places.allSatisfy { (0...100).contains($0) })
    }

    @Test(arguments: [
        (0.0, "0"), (0.0812, "0.081"), (3.14159, "3.14"), (39.94, "39.9"), (622.63, "622.6"),
        (1221.7, "1,222"), (1_234_567, "1,234,567"), (1.5e9, "1.5e9"), (-2e-7, "-2e-7"),
        (999.97, "1000"), (9.999, "10"),
    ])
    func figuresHaveTheDigitsThatMatter(_ value: Double, _ text: String) {
        #expect(ChartFigure.text(value, .number) == text)
    }

    /// Against the definition: nobody is at least as good in both and better in one.
    @Test func theFrontIsWhatNobodyBeats() {
        var generator = SeededGenerator(seed: 3)
        for round in 0..<200 {
            let points = (0..<Int(generator.next() % 12)).map { _ in
                (x: Double(generator.next() % 6), y: Double(generator.next() % 6))
            }
            let (right, up) = (round % 2 == 0, round % 3 == 0)
            let wanted = points.indices.filter { index in
                !points.contains { other in
                    let (dx, dy) = (other.x - points[index].x, other.y - points[index].y)
                    let (gainX, gainY) = (right ? dx : -dx, up ? dy : -dy)
                    return gainX >= 0 && gainY >= 0 && (gainX > 0 || gainY > 0)
                }
            }
            let front = ParetoFront(higherXIsBetter: right, higherYIsBetter: up)
            #expect(front.indices(points).sorted() == wanted)
        }
    }

    @Test func labelsCoverNeitherEachOtherNorMarks() {
        var generator = SeededGenerator(seed: 5)
        let area = LabelPlacement.Box(left: 0, top: 0, right: 700, bottom: 360)
        for _ in 0..<50 {
            let labels = (0..<20).map { index in
                LabelPlacement.Label(
                    x: Double(generator.next() % 700), y: Double(generator.next() % 360),
                    text: String(repeating: "model ", count: Int(generator.next() % 3) + 1)
                        + "\(index)")
            }
            let marks = labels.map {
                LabelPlacement.Box(left: $0.x - 6, top: $0.y - 6, right: $0.x + 6, bottom: $0.y + 6)
            }
            let boxes = LabelPlacement.place(labels, obstacles: marks, within: area).map(box)
            for (index, box) in boxes.enumerated() {
                #expect(box.isInside(area))
                #expect(!marks.contains(where: box.overlaps))
                #expect(!boxes[(index + 1)...].contains(where: box.overlaps))
            }
            #expect(boxes.count > 10)
        }
    }

    private func box(_ placed: LabelPlacement.Placed) -> LabelPlacement.Box {
        let width = ChartText.width(placed.label.text)
        let left =
            switch placed.anchor {
            case .start: placed.x
            case .middle: placed.x - width / 2
            case .end: placed.x - width
            }
        return .init(
            left: left, top: placed.y - 6, right: left + width, bottom: placed.y + 6)
    }

    @Test func namesInAColumnKeepTheirOrderAndDistance() {
        var generator = SeededGenerator(seed: 9)
        for _ in 0..<100 {
            let wanted = (0..<Int(generator.next() % 10 + 1)).map { _ in
                Double(generator.next() % 300)
            }
            let heights = LabelPlacement.spread(wanted, apart: 16, in: 0...300)
            let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
            for (upper, lower) in zip(order, order.dropFirst()) {
                #expect(heights[lower] - heights[upper] >= 16 - 1e-9)
            }
            #expect(heights.allSatisfy { $0 >= 0 && $0 <= 300 })
        }
        #expect(LabelPlacement.spread([10, 200], apart: 16, in: 0...300) == [10, 200])
        #expect(LabelPlacement.spread([100, 100], apart: 16, in: 0...300) == [92, 108])
    }

    @Test func longTextIsCut() {
        #expect(ChartText.fitted("short", width: 100) == "short")
        let cut = ChartText.fitted(String(repeating: "long ", count: 50), width: 100)
        #expect(cut.hasSuffix("…") && ChartText.width(cut) <= 100)
    }
}
