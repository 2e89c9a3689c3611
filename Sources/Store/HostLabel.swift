import Basics

/// How a host is called in tables: `AMD EPYC 7B13, 2 cores #3fa9`.
///
/// The digits come from the installation's random id; they tell two equal machines apart.
package enum HostLabel {
    package static func label(
        processor: String, cores: Int, installation: String, digits: Int = 4
    ) -> String {
        let suffix = SHA256.hex(installation).prefix(digits)
        return "\(shortened(processor)), \(cores) \(cores == 1 ? "core" : "cores") #\(suffix)"
    }

    /// Without trade marks, clock rates and words that every processor has.
    static func shortened(_ processor: String) -> String {
        var text = processor
        for mark in ["(R)", "(r)", "(TM)", "(tm)", "®", "™"] {
            text = Redaction.replace(mark, by: " ", in: text, onlyWholeWords: false)
        }
        var words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        if let clock = words.firstIndex(of: "@") { words.removeSubrange(clock...) }
        words.removeAll { $0 == "CPU" || $0 == "Processor" || $0.lowercased().hasSuffix("-core") }
        return words.isEmpty ? "unknown processor" : words.joined(separator: " ")
    }
}
