import Basics
import Store

/// What the figures were measured with: the hosts, the builds, what the engine chose.
struct EnvironmentSection: ReportSection {
    let title = "Environment"

    private struct Fact {
        let name: String
        let values: [String]
    }

    func body(_ data: ReportData) -> String? {
        let parts = data.hosts.map { results in
            let columns: [TableColumn<Fact>] = [
                TableColumn("") { $0.name },
                TableColumn("Value") { shortened($0.values).joined(separator: "; ") },
            ]
            let facts = self.facts(results, data).filter { !$0.values.isEmpty }
            return "### \(Markdown.escape(results.title))\n\n"
                + MarkdownTable(columns: columns, rows: facts).markdown()
        }
        return parts.isEmpty ? nil : parts.joined(separator: "\n\n")
    }

    private func facts(_ results: ReportData.HostResults, _ data: ReportData) -> [Fact] {
        let host = results.host
        let attempts = results.setups.flatMap(\.attempts).sorted { $0.id < $1.id }
        let runIDs = Set(attempts.map(\.runID))
        let runs = data.snapshot.runs.filter { runIDs.contains($0.id) }
        var facts = [
            Fact(name: "processor", values: [host.processor]),
            Fact(name: "cores", values: ["\(host.cores)"]),
            Fact(name: "architecture", values: [host.architecture]),
            Fact(
                name: "memory",
                values: runs.map { NumberFormat.bytes($0.memoryBytes) }.unique()),
            Fact(name: "operating system", values: runs.map(\.operatingSystem).unique()),
            Fact(name: "measured", values: days(attempts)),
            Fact(
                name: "billion-llm",
                values: runs.map { run in
                    [run.version, run.commit.map { "commit \($0)" }, run.buildConfiguration]
                        .compactMap { $0 }.joined(separator: ", ")
                }.unique()),
        ]
        let libraries = Set(runs.flatMap(\.libraries.keys)).sorted()
        facts += libraries.map { name in
            Fact(name: name, values: runs.compactMap { $0.libraries[name] }.unique())
        }
        let names = Set(attempts.flatMap(\.facts.keys)).subtracting(["provenance"]).sorted()
        for name in names {
            let values = attempts.compactMap { attempt -> String? in
                // Lists are counts of one job, for its own section.
                if case .array = attempt.facts[name] { return nil }
                return attempt.facts[name]?.plainText
            }.unique()
            guard !values.isEmpty else { continue }
            // The engine may name a library that the host's facts have named already.
            guard values != facts.first(where: { $0.name == name })?.values else { continue }
            facts.append(
                Fact(name: name.split(separator: "_").joined(separator: " "), values: values))
        }
        return facts
    }

    /// `2026-03-01`, or the first and the last day.
    private func days(_ attempts: [StoredAttempt]) -> [String] {
        let days = attempts.map { String($0.startedAt.prefix(10)) }.sorted()
        guard let first = days.first, let last = days.last else { return [] }
        return [first == last ? first : "\(first) to \(last)"]
    }

    /// Facts that differ from job to job would fill the page.
    private func shortened(_ values: [String]) -> [String] {
        values.count <= 6 ? values : values.prefix(5) + ["and \(values.count - 5) more"]
    }
}
