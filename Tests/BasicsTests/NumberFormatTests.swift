import Basics
import Testing

@Suite struct NumberFormatTests {
    @Test(arguments: [
        (0.0, 1, "0.0"), (2.25, 1, "2.2"), (2.35, 1, "2.4"), (0.5, 0, "0"), (1.5, 0, "2"),
        (-1.05, 1, "-1.1"), (1e21, 0, "1000000000000000000000"), (1.005, 2, "1.00"),
        (123.456, -3, "123"), (0.1, 20, "0.10000000000000000555"), (-0.04, 1, "-0.0"),
    ])
    func roundsAsCDoes(value: Double, decimals: Int, expected: String) {
        #expect(NumberFormat.fixed(value, decimals) == expected)
    }

    @Test func hasRoomForEveryNumber() {
        #expect(NumberFormat.fixed(.greatestFiniteMagnitude, 60).count == 309 + 61)
        #expect(NumberFormat.fixed(-.greatestFiniteMagnitude, 60).count == 310 + 61)
    }

    @Test(arguments: [
        (Int64(0), "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (23_040, "22.5 KiB"),
        (144_811_520, "138.1 MiB"), (2_200_096_768, "2.05 GiB"),
    ])
    func bytes(count: Int64, expected: String) {
        #expect(NumberFormat.bytes(count) == expected)
    }

    @Test(arguments: [
        (0.0, "0 µs"), (0.000_085, "85 µs"), (0.000_999_7, "1.0 ms"), (0.0123, "12.3 ms"),
        (0.999_96, "1.00 s"), (4.56, "4.56 s"), (59.999, "1 min 0 s"), (200.4, "3 min 20 s"),
        (7500, "2 h 5 min"), (1e300, NumberFormat.fixed(1e300, 0) + " s"),
    ])
    func durations(seconds: Double, expected: String) {
        #expect(NumberFormat.duration(seconds: seconds) == expected)
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (14_042, "14,042"), (-1_234_567, "-1,234,567"),
        (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func groups(value: Int, expected: String) {
        #expect(NumberFormat.grouped(value) == expected)
    }
}
