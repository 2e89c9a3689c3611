#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Numbers as people read them, the same bytes on every machine.
///
/// Rounding is C's: the exact binary value, ties to even. Foundation's `String(format:)` is not
/// used because it is not part of FoundationEssentials.
package enum NumberFormat {
    /// `printf("%.*f")`: `fixed(2.25, 1)` is `2.2`.
    package static func fixed(_ value: Double, _ decimals: Int) -> String {
        let decimals = min(max(decimals, 0), 60)
        // The largest double has 309 digits before the point.
        return String(unsafeUninitializedCapacity: 320 + decimals) { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                let length = withVaList([Int32(decimals), value]) {
                    vsnprintf(characters.baseAddress, characters.count, "%.*f", $0)
                }
                return max(0, Int(length))
            }
        }
    }

    /// A fraction as a percentage with one decimal and no sign: `0.3105` is `31.1`.
    package static func percent(_ fraction: Double) -> String { fixed(fraction * 100, 1) }

    /// `512 B`, `22.5 KiB`, `137.9 MiB`, `2.05 GiB`.
    package static func bytes(_ count: Double) -> String {
        let size = abs(count)
        if size < 1024 { return fixed(count, 0) + " B" }
        if size < 1024 * 1024 { return fixed(count / 1024, 1) + " KiB" }
        if size < 1024 * 1024 * 1024 { return fixed(count / (1024 * 1024), 1) + " MiB" }
        return fixed(count / (1024 * 1024 * 1024), 2) + " GiB"
    }

    package static func bytes(_ count: Int64) -> String { bytes(Double(count)) }

    /// `85 µs`, `12.3 ms`, `4.56 s`, `3 min 20 s`, `2 h 5 min`.
    package static func duration(seconds: Double) -> String {
        let size = abs(seconds)
        if size < 0.000_999_5 { return fixed(seconds * 1_000_000, 0) + " µs" }
        if size < 0.999_95 { return fixed(seconds * 1000, 1) + " ms" }
        if size < 59.995 { return fixed(seconds, 2) + " s" }
        guard size < 1e15 else { return fixed(seconds, 0) + " s" }
        let sign = seconds < 0 ? "-" : ""
        let whole = Int(size.rounded(.toNearestOrEven))
        if whole < 3600 { return "\(sign)\(whole / 60) min \(whole % 60) s" }
        return "\(sign)\(whole / 3600) h \(whole % 3600 / 60) min"
    }

    /// Digits in groups of three: `14,042`.
    package static func grouped(_ value: Int) -> String {
        var text = ""
        for (index, digit) in String(value.magnitude).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + String(text.reversed())
    }
}
