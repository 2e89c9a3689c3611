import Basics
import Testing

@Suite struct QuantityTests {
    @Test(arguments: [
        ("90", 90.0), ("90s", 90), ("30min", 1800), ("1h30m", 5400), ("2 h", 7200), ("1.5h", 5400),
        ("1d", 86_400),
    ])
    func times(text: String, seconds: Double) {
        #expect(Quantity.seconds(text) == seconds)
    }

    @Test(arguments: [
        ("512", Int64(512)), ("8GB", 8_000_000_000), ("1.5 GiB", 1_610_612_736), ("100k", 100_000),
    ])
    func sizes(text: String, bytes: Int64) {
        #expect(Quantity.bytes(text) == bytes)
    }

    @Test(arguments: ["", "x", "0", "-1", "1h x", "h", "1..2s", "1e99", "9999999999h"])
    func nonsense(text: String) {
        #expect(Quantity.seconds(text) == nil)
        #expect(Quantity.bytes(text) == nil)
    }
}
