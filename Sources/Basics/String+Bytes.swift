extension String {
    /// Whether `text` occurs in this text, byte by byte.
    ///
    /// For names of ASCII that are asked about in thousands: `contains` compares characters, and
    /// prepares a table of the pattern each time.
    package func containsBytes(_ text: String) -> Bool {
        var (whole, part) = (self, text)
        return whole.withUTF8 { whole in
            part.withUTF8 { part in
                guard part.count <= whole.count else { return false }
                return (0...whole.count - part.count).contains { start in
                    part.indices.allSatisfy { whole[start + $0] == part[$0] }
                }
            }
        }
    }
}
