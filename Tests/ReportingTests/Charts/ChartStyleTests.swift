import Testing

@testable import Reporting

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Contrast as WCAG 2 measures it, and colours as people with other colour vision see them.
@Suite struct ChartStyleTests {
    @Test(arguments: [ChartStyle.light, ChartStyle.dark])
    func everythingStandsOutFromThePanel(_ theme: ChartStyle.Theme) {
        // WCAG 2.2: 4.5 for text (1.4.3), 3 for graphics (1.4.11).
        for text in [theme.text, theme.softText] { #expect(contrast(text, theme.panel) >= 4.5) }
        for mark in theme.series { #expect(contrast(mark, theme.panel) >= 3) }
        #expect(theme.series.count == ChartStyle.light.series.count)
    }

    /// A difference of 2.3 (CIE76) can just be noticed; small marks need many times that.
    private static let smallestDifference = 25.0

    @Test(arguments: [ChartStyle.light, ChartStyle.dark])
    func seriesStayApartForEveryColourVision(_ theme: ChartStyle.Theme) {
        for (vision, matrix) in Self.visions {
            for (index, first) in theme.series.enumerated() {
                for second in theme.series.dropFirst(index + 1) {
                    let difference = distance(lab(first, matrix), lab(second, matrix))
                    #expect(
                        difference >= Self.smallestDifference, "\(vision): \(first), \(second)")
                }
            }
        }
    }

    @Test func seriesHaveShapesOfTheirOwn() {
        let count = ChartStyle.light.series.count
        let looks = (0..<count * ChartStyle.Shape.allCases.count).map {
            "\(ChartStyle.color($0)) \(ChartStyle.shape($0))"
        }
        #expect(Set(looks).count == looks.count)
        #expect(Set((0..<count).map { "\(ChartStyle.shape($0))" }).count == count)
    }

    /// Full dichromacy in linear RGB: Machado, Oliveira and Fernandes 2009, severity 1.0.
    private static let visions: [(String, [[Double]])] = [
        ("normal", [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        (
            "protanopia",
            [
                [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                [-0.003882, -0.048116, 1.051998],
            ]
        ),
        (
            "deuteranopia",
            [
                [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                [-0.011820, 0.042940, 0.968881],
            ]
        ),
        (
            "tritanopia",
            [
                [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                [0.004733, 0.691367, 0.303900],
            ]
        ),
    ]

    private func linear(_ color: String) -> [Double] {
        [1, 3, 5].map { start in
            let from = color.index(color.startIndex, offsetBy: start)
            let digits = color[from..<color.index(from, offsetBy: 2)]
            let value = Double(Int(digits, radix: 16) ?? 0) / 255
            return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
    }

    private func contrast(_ first: String, _ second: String) -> Double {
        let lights = [first, second].map { color in
            zip([0.2126, 0.7152, 0.0722], linear(color)).map(*).reduce(0, +)
        }.sorted()
        return (lights[1] + 0.05) / (lights[0] + 0.05)
    }

    private func lab(_ color: String, _ vision: [[Double]]) -> [Double] {
        let rgb = linear(color)
        let seen = vision.map { min(1, max(0, zip($0, rgb).map(*).reduce(0, +))) }
        let xyz = [
            (0.4124 * seen[0] + 0.3576 * seen[1] + 0.1805 * seen[2]) / 0.9505,
            0.2126 * seen[0] + 0.7152 * seen[1] + 0.0722 * seen[2],
            (0.0193 * seen[0] + 0.1192 * seen[1] + 0.9505 * seen[2]) / 1.089,
        ].map { $0 > 0.008856 ? cbrt($0) : 7.787 * $0 + 16.0 / 116 }
        return [116 * xyz[1] - 16, 500 * (xyz[0] - xyz[1]), 200 * (xyz[1] - xyz[2])]
    }

    private func distance(_ first: [Double], _ second: [Double]) -> Double {
        zip(first, second).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot()
    }
}
