import Basics
import Store

/// The commands that measure the same again, and the digests that tell whether it is the same.
struct ReproductionSection: ReportSection {
    let title = "How to reproduce"

    private struct Input: Hashable {
        let kind: String
        let name: String
        let digest: String
    }

    func body(_ data: ReportData) -> String? {
        guard data.hasResults else { return nil }
        let shown = Set(data.attempts.map(\.runID))
        let runs = data.snapshot.runs.filter { shown.contains($0.id) }
        let experiments = runs.map(\.experiment).unique()
        let commands = experiments.filter(isPlain)
            .map { "./billion run experiments/\($0).yaml" }
        var parts: [String] = []
        if !commands.isEmpty {
            parts.append(
                "```sh\n" + (commands + ["./billion report"]).joined(separator: "\n") + "\n```")
        }
        let others = experiments.filter { !isPlain($0) }
        if !others.isEmpty {
            parts.append(
                "Further experiments: \(others.map(Markdown.escape).joined(separator: ", ")).")
        }
        let seeds = data.attempts.map(\.seed).unique().sorted()
        let seedList =
            "\(seeds.count == 1 ? "Seed" : "Seeds") \(Figures.list(seeds.map(Markdown.escape)))."
        parts.append([commits(runs), seedList].compactMap { $0 }.joined(separator: " "))
        let columns: [TableColumn<Input>] = [
            TableColumn("Input") { $0.kind },
            TableColumn("Name") { $0.name },
            TableColumn("SHA-256") { $0.digest },
        ]
        parts.append(MarkdownTable(columns: columns, rows: inputs(data, runs)).markdown())
        return parts.joined(separator: "\n\n")
    }

    private func inputs(_ data: ReportData, _ runs: [StoredRun]) -> [Input] {
        let attempts = data.attempts.sorted { $0.jobRow < $1.jobRow }
        let models = attempts.map { Input(kind: "model", name: $0.model, digest: $0.modelDigest) }
        let datasets = attempts.compactMap { attempt in
            attempt.datasetDigest.map {
                Input(kind: "dataset", name: attempt.dataset ?? attempt.task, digest: $0)
            }
        }
        let manifests = runs.map {
            Input(kind: "manifest", name: $0.experiment, digest: $0.manifestDigest)
        }
        return (models + datasets + manifests).unique()
    }

    private func commits(_ runs: [StoredRun]) -> String? {
        let commits = runs.compactMap(\.commit).unique()
        guard !commits.isEmpty else { return nil }
        let names = commits.map { commit in
            commit.hasSuffix("+")
                ? "\(Markdown.escape(String(commit.dropLast()))) (with local changes)"
                : Markdown.escape(commit)
        }
        return "Built from commit \(Figures.list(names))."
    }

    /// Whether a name can stand in a command as it is.
    private func isPlain(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix("-")
            && name.unicodeScalars.allSatisfy { scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".": true
                default: false
                }
            }
    }
}
