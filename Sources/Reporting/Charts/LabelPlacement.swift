/// Where labels stand so that none covers another, or a mark.
enum LabelPlacement {
    struct Box: Hashable, Sendable {
        var left: Double
        var top: Double
        var right: Double
        var bottom: Double

        func overlaps(_ other: Box) -> Bool {
            left < other.right && other.left < right && top < other.bottom && other.top < bottom
        }

        func isInside(_ other: Box) -> Bool {
            left >= other.left && right <= other.right && top >= other.top
                && bottom <= other.bottom
        }
    }

    /// Small boxes along a line, for labels to keep off it.
    static func boxes(
        along start: (x: Double, y: Double), _ end: (x: Double, y: Double)
    ) -> [Box] {
        let length = max(abs(end.x - start.x), abs(end.y - start.y))
        let count = max(1, Int(min(length, 4000) / 6))
        return (0...count).map { step in
            let share = Double(step) / Double(count)
            let x = start.x + share * (end.x - start.x)
            let y = start.y + share * (end.y - start.y)
            return Box(left: x - 2, top: y - 2, right: x + 2, bottom: y + 2)
        }
    }

    struct Label: Hashable, Sendable {
        /// The point that it names.
        let x: Double
        let y: Double
        let text: String
    }

    struct Placed: Hashable, Sendable {
        let label: Label
        /// The middle of the text's line, at the end that the anchor names.
        let x: Double
        let y: Double
        let anchor: SVGCanvas.Anchor
        /// Whether a line must lead from the point to the text.
        let needsLeader: Bool
    }

    /// Puts each label beside its point, in the first free of some places near it.
    ///
    /// A label without a free place is left out; the table beside the chart has it.
    ///
    /// - Complexity: O(n²) in the number of labels.
    static func place(_ labels: [Label], obstacles: [Box], within area: Box) -> [Placed] {
        var taken = obstacles
        var placed: [Placed] = []
        for label in labels {
            let width = ChartText.width(label.text)
            for spot in spots {
                let x = label.x + spot.x
                let left =
                    switch spot.anchor {
                    case .start: x
                    case .middle: x - width / 2
                    case .end: x - width
                    }
                let y = label.y + spot.y
                let box = Box(
                    left: left - 1, top: y - ChartText.lineHeight / 2 + 1,
                    right: left + width + 1, bottom: y + ChartText.lineHeight / 2 - 1)
                guard box.isInside(area), !taken.contains(where: box.overlaps) else { continue }
                taken.append(box)
                placed.append(
                    Placed(
                        label: label, x: x, y: y, anchor: spot.anchor,
                        needsLeader: spot.needsLeader))
                break
            }
        }
        return placed
    }

    private struct Spot {
        let x: Double
        let y: Double
        let anchor: SVGCanvas.Anchor
        var needsLeader = false
    }

    private static let spots: [Spot] = {
        var spots = [
            Spot(x: 9, y: 0, anchor: .start), Spot(x: -9, y: 0, anchor: .end),
            Spot(x: 0, y: -14, anchor: .middle), Spot(x: 0, y: 14, anchor: .middle),
            Spot(x: 7, y: -11, anchor: .start), Spot(x: 7, y: 11, anchor: .start),
            Spot(x: -7, y: -11, anchor: .end), Spot(x: -7, y: 11, anchor: .end),
        ]
        for distance in [26.0, 40, 56, 74] {
            spots += [
                Spot(x: 12, y: -distance, anchor: .start, needsLeader: true),
                Spot(x: 12, y: distance, anchor: .start, needsLeader: true),
                Spot(x: -12, y: -distance, anchor: .end, needsLeader: true),
                Spot(x: -12, y: distance, anchor: .end, needsLeader: true),
            ]
        }
        return spots
    }()

    /// Heights for labels in a column, as near to the wanted ones as their distance allows.
    ///
    /// - Parameters:
    ///   - wanted: any order; the result is in the same.
    ///   - range: where the middles of the labels may be.
    static func spread(
        _ wanted: [Double], apart distance: Double = ChartText.lineHeight,
        in range: ClosedRange<Double>
    ) -> [Double] {
        guard !wanted.isEmpty else { return [] }
        let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
        // Neighbours that touch move as one block around the mean of what they want.
        var blocks: [(sum: Double, count: Int)] = []
        func top(_ block: (sum: Double, count: Int)) -> Double {
            let length = Double(block.count - 1) * distance
            let middle = block.sum / Double(block.count)
            let lowest = max(range.lowerBound, range.upperBound - length)
            return min(max(middle - length / 2, range.lowerBound), lowest)
        }
        for index in order {
            blocks.append((wanted[index], 1))
            while blocks.count > 1 {
                let (upper, lower) = (blocks[blocks.count - 2], blocks[blocks.count - 1])
                guard top(lower) < top(upper) + Double(upper.count) * distance else { break }
                blocks.removeLast(2)
                blocks.append((upper.sum + lower.sum, upper.count + lower.count))
            }
        }
        var heights = wanted
        var next = order.makeIterator()
        for block in blocks {
            for line in 0..<block.count {
                if let index = next.next() { heights[index] = top(block) + Double(line) * distance }
            }
        }
        return heights
    }
}
