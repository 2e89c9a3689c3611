import Basics
import Store

/// The views of a database as files, one a view.
package enum ViewExport {
    /// Rows that are held at a time.
    private static let batch = 10_000

    /// Writes a file a view, such as `results.csv`, into a folder, over those that are there.
    ///
    /// - Parameter output: `csv` or `json`.
    /// - Returns: the files' names.
    package static func write(
        _ store: ReadOnlyStore, as output: QueryOutput, suffix: String, to folder: String
    ) throws -> [String] {
        try store.views().map { view in
            let name = "\(view).\(suffix)"
            let file = try StreamedFile(FileSystem.join(folder, name))
            var joined = QueryOutput.Joined(output)
            try store.eachBatch(of: view, rows: batch) { try file.write(joined.add($0)) }
            try file.write(joined.end)
            try file.finish()
            return name
        }
    }
}

extension QueryOutput {
    /// The parts of one long answer, joined to what `render` makes of the whole.
    struct Joined {
        private let output: QueryOutput
        private var isFirst = true
        private var hasRows = false

        init(_ output: QueryOutput) { self.output = output }

        mutating func add(_ part: QueryResult) -> String {
            defer { isFirst = false }
            let text = output.render(part)
            switch output {
            case .table: return text
            case .csv:
                if isFirst { return text }
                let header = output.render(QueryResult(columns: part.columns, rows: []))
                return String(text.dropFirst(header.count))
            case .json:
                guard !part.rows.isEmpty else { return "" }
                let opening = hasRows ? ",\n" : "[\n"
                hasRows = true
                return opening + text.dropFirst("[\n".count).dropLast("\n]\n".count)
            }
        }

        var end: String { output == .json ? (hasRows ? "\n]\n" : "[]\n") : "" }
    }
}
