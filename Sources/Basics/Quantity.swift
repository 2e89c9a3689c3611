/// Amounts as people write them: `90`, `30min`, `1h30m`, `8 GB`.
package enum Quantity {
    private static let timeUnits: [(names: [String], seconds: Double)] = [
        (["", "s", "sec"], 1), (["m", "min"], 60), (["h", "hours", "hour"], 3600),
        (["d", "days", "day"], 86_400),
    ]
    private static let sizeUnits: [(names: [String], bytes: Double)] = [
        (["", "b"], 1), (["k", "kb"], 1e3), (["kib"], 1024), (["m", "mb"], 1e6),
        (["mib"], 1_048_576), (["g", "gb"], 1e9), (["gib"], 1_073_741_824), (["t", "tb"], 1e12),
        (["tib"], 1_099_511_627_776),
    ]

    /// What a length of time looks like, for messages.
    package static let timeExample = "a time such as 90s, 30min or 1h30m"
    /// What a size looks like, for messages.
    package static let sizeExample = "a size such as 500MB or 8GB"

    /// Seconds; nil unless the text is a positive time.
    ///
    /// A number alone is in seconds.
    package static func seconds(_ text: String) -> Double? {
        var total = 0.0
        for (number, unit) in parts(text) ?? [] {
            guard let factor = timeUnits.first(where: { $0.names.contains(unit) })?.seconds else {
                return nil
            }
            total += number * factor
        }
        return total > 0 && total < 1e9 ? total : nil
    }

    /// Bytes; nil unless the text is one positive size.
    ///
    /// GB are 10⁹ bytes and GiB 2³⁰, as on labels.
    package static func bytes(_ text: String) -> Int64? {
        guard let parts = parts(text), parts.count == 1,
            let factor = sizeUnits.first(where: { $0.names.contains(parts[0].unit) })?.bytes
        else { return nil }
        let bytes = (parts[0].number * factor).rounded()
        return bytes >= 1 && bytes < 1e18 ? Int64(bytes) : nil
    }

    /// Numbers, each with the word behind it; nil for anything else.
    private static func parts(_ text: String) -> [(number: Double, unit: String)]? {
        var parts: [(number: Double, unit: String)] = []
        var rest = text.lowercased().filter { $0 != " " }[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            let unit = rest.dropFirst(digits.count).prefix { $0.isASCII && $0.isLetter }
            guard let number = Double(digits), !digits.isEmpty else { return nil }
            parts.append((number, String(unit)))
            rest = rest.dropFirst(digits.count + unit.count)
        }
        return parts.isEmpty ? nil : parts
    }
}
