/// "Did you mean": the nearest of the names that were possible.
package enum Suggestion {
    /// The candidate closest to `name`, when it is close enough to be a slip of the finger.
    package static func nearest(to name: String, among candidates: some Sequence<String>)
        -> String?
    {
        let limit = max(1, (name.count + 2) / 3)
        let ranked = candidates.map { (distance(name.lowercased(), $0.lowercased()), $0) }
            .filter { $0.0 <= limit }
        return ranked.min { $0 < $1 }?.1
    }

    /// `" Did you mean 'q4_k_m'?"`, or the list of what is available, or nothing.
    ///
    /// A name that is known, and still not there, is not meant to be another one.
    package static func sentence(for name: String, among candidates: some Sequence<String>)
        -> String
    {
        let all = candidates.sorted()
        if all.contains(name) { return "" }
        if let best = nearest(to: name, among: all) { return " Did you mean '\(best)'?" }
        return all.isEmpty ? "" : " Available: \(all.joined(separator: ", "))."
    }

    /// Levenshtein distance with transposition of neighbours (optimal string alignment).
    static func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a)
        let b = Array(b)
        if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
        var rows = [Array(0...b.count)]
        for i in 1...a.count {
            var row = [i] + [Int](repeating: 0, count: b.count)
            for j in 1...b.count {
                let cost = a[i - 1] == b[j - 1] ? 0 : 1
                row[j] = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + cost)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    row[j] = min(row[j], rows[i - 2][j - 2] + 1)
                }
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
