/// Everything that is wrong with one manifest, each fault with its place.
///
///     experiments/speed.yaml:14:9: unknown quantization 'q4_km'. Did you mean 'q4_k_m'?
///       quantization: [q8_0, q4_km]
///                            ^
package struct ManifestError: Error, Sendable, CustomStringConvertible {
    package let file: String
    /// In the order of their places, each once.
    package let issues: [Issue]
    private let source: SourceText?

    package struct Issue: Error, Hashable, Sendable {
        /// nil when the file could not be read at all.
        package let mark: SourceMark?
        /// What is wrong, what was wanted, what to do next.
        package let message: String

        init(at mark: SourceMark?, _ message: String) {
            self.mark = mark
            self.message = message
        }
    }

    /// - Parameter source: the text that the places are shown from.
    init(file: String, issues: [Issue], source: SourceText? = nil) {
        self.file = file
        self.source = source
        // A value behind an alias is read as often as it is used, and reported once.
        self.issues = Set(issues).sorted { Self.order($0) < Self.order($1) }
    }

    private static func order(_ issue: Issue) -> (Int, Int, String) {
        (issue.mark?.line ?? 0, issue.mark?.column ?? 0, issue.message)
    }

    private static let shownIssues = 100

    package var description: String {
        var lines: [String] = []
        for issue in issues.prefix(Self.shownIssues) {
            lines.append("\(issue.mark?.description ?? file): \(issue.message)")
            guard let mark = issue.mark, let source else { continue }
            lines += source.excerpt(at: mark).map { "  " + $0 }
        }
        if issues.count > Self.shownIssues {
            lines.append("... and \(issues.count - Self.shownIssues) more")
        }
        if issues.count > 1 { lines.append("\(issues.count) errors in \(file)") }
        return lines.joined(separator: "\n")
    }
}

extension Manifest {
    /// What is wrong with a model that it names, at the place of the name under `models:`.
    package func fault(ofModel name: String, _ reason: String) -> ManifestError {
        let mark = models.first { $0.name.value == name }?.name.mark
        let issue = ManifestError.Issue(at: mark, "model \(quoted(name)): \(reason)")
        return ManifestError(file: file, issues: [issue], source: source)
    }
}
