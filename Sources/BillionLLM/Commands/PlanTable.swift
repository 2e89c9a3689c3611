import Basics
import Hub
import Runner
import Tasks

/// A plan as people read it: a line a job, then the sums, then what cannot run and why.
struct PlanTable {
    /// One job with what is known of it.
    struct Row {
        let job: PlannedJob
        let needs: JobNeeds
        let time: TimePrediction?
        /// What is fetched first; lines of the same model share it.
        let download: ModelLocation?
    }

    let rows: [Row]
    let room: MachineRoom
    /// What to do for times where there are none: a line with a command to copy, never broken.
    let probeHint: String

    /// Lines of prose end here.
    private static let width = 100
    private static let absent = "—"

    var lines: [String] {
        table + [counts] + (toDo.isEmpty ? [] : sums + times) + reasons
    }

    private var toDo: [Row] { rows.filter { isToDo($0.job) } }

    private func isToDo(_ job: PlannedJob) -> Bool {
        switch job.state {
        case .ready, .notPulled: true
        case .alreadyDone, .sameAs, .unavailable, .broken: false
        }
    }

    // MARK: - The table

    private var table: [String] {
        let header = ["job", "", "download", "disk", "memory", "minutes", "state"]
        let cells = rows.enumerated().map { index, row in
            [String(index + 1), row.job.cell.title] + figures(row) + [state(row.job)]
        }
        let widths = header.indices.map { column in
            (cells + [header]).map { $0[column].count }.max() ?? 0
        }
        return ([header] + cells).map { row in
            let padded = row.enumerated().map { column, text in
                let padding = String(repeating: " ", count: widths[column] - text.count)
                // Names to the left, numbers to the right; nothing after the last word.
                return column == 1 ? text + padding : column == 6 ? text : padding + text
            }
            return padded.joined(separator: "  ")
        }
    }

    private func figures(_ row: Row) -> [String] {
        switch row.job.state {
        case .ready, .notPulled, .unavailable:
            [
                bytes(row.needs.downloadBytes), bytes(row.needs.diskBytes),
                bytes(row.needs.memory.map { Int64($0.total) }),
                row.time.flatMap { isToDo(row.job) ? Self.minutes($0.seconds) : nil }
                    ?? Self.absent,
            ]
        case .alreadyDone, .sameAs, .broken: Array(repeating: Self.absent, count: 4)
        }
    }

    private func bytes(_ count: Int64?) -> String {
        guard let count else { return Self.absent }
        return count == 0 ? "none" : ByteCount.text(count)
    }

    /// `0.2`, `3.5`, `125`.
    private static func minutes(_ seconds: Double) -> String {
        let minutes = seconds / 60
        return minutes < 0.05 ? "<0.1" : NumberFormat.fixed(minutes, minutes < 9.95 ? 1 : 0)
    }

    private func state(_ job: PlannedJob) -> String {
        switch job.state {
        case .ready, .notPulled: "to do"
        case .alreadyDone: "done"
        case .sameAs(let number, _): "same as job \(number)"
        case .unavailable(let reason) where reason.hasPrefix(JobNeeds.misfitWord):
            JobNeeds.misfitWord
        case .unavailable: "skipped"
        case .broken: PlannedJob.unableWord
        }
    }

    // MARK: - Below the table

    private var counts: String {
        var counts: [(word: String, count: Int)] = [
            ("to do", 0), ("done", 0), ("repeated", 0), (JobNeeds.misfitWord, 0),
            ("skipped", 0), (PlannedJob.unableWord, 0),
        ]
        for row in rows {
            var word = state(row.job)
            if case .sameAs = row.job.state { word = "repeated" }
            for index in counts.indices where counts[index].word == word {
                counts[index].count += 1
            }
        }
        let parts = counts.filter { $0.count > 0 }.map { "\($0.count) \($0.word)" }
        return "\(rows.count) jobs: \(parts.joined(separator: ", "))."
    }

    /// What all jobs together need; files that several share are counted once.
    private var sums: [String] {
        var downloads: [ModelLocation: Int64?] = [:]
        var fetched: [ModelLocation: Int64?] = [:]
        var copies: [Preflight.CopyKey: Int64?] = [:]
        for row in toDo {
            if let download = row.download {
                downloads[download] = .some(row.needs.downloadBytes)
                fetched[download] = .some(row.needs.fetchedBytes)
            }
            copies[Preflight.CopyKey(row.job.cell)] = .some(row.needs.copyBytes)
        }
        var lines: [String] = []
        if !downloads.isEmpty {
            let names = Set(downloads.keys.map(\.name)).sorted().joined(separator: ", ")
            lines.append("To be pulled: \(names); \(sum(Array(downloads.values))).")
        }
        let disk = Array(fetched.values) + Array(copies.values)
        var parts: [String] = []
        if disk.contains(where: { $0 != 0 }) {
            let free = room.diskBytes.map { " of \(ByteCount.text($0)) free" } ?? ""
            parts.append("disk \(sum(disk))\(free)")
        }
        if let largest = toDo.compactMap({ $0.needs.memory?.total }).max() {
            let free = room.memoryBytes.map { " of \(ByteCount.text($0)) available" } ?? ""
            parts.append("memory at most \(ByteCount.text(Int64(largest)))\(free)")
        }
        if !parts.isEmpty { lines.append("Together: \(parts.joined(separator: "; ")).") }
        let known = disk.compactMap(\.self).reduce(0, +)
        if let free = room.diskBytes, known > free {
            lines.append(
                "All together do not fit on the disk, though each does: make room before the run.")
        }
        return lines.flatMap { Self.wrapped($0) }
    }

    /// The sum of what is known, and that something is not.
    private func sum(_ counts: [Int64?]) -> String {
        let known = counts.compactMap(\.self)
        if known.isEmpty { return "of unknown size" }
        let text = ByteCount.text(known.reduce(0, +))
        return known.count == counts.count ? text : "\(text) and more of unknown size"
    }

    private var times: [String] {
        let known = toDo.compactMap(\.time)
        if known.isEmpty {
            return ["Minutes: nothing like these jobs was measured here.", probeHint]
        }
        let total = known.reduce(0) { $0 + $1.seconds }
        let words: [(TimePrediction.Basis, String)] = [
            (.measured, "as measured here before"), (.probed, "from the probe"),
            (.scaled, "in proportion to the nearest job measured here"),
        ]
        let parts = words.compactMap { basis, word in
            let count = known.count(where: { $0.basis == basis })
            return count > 0 ? "\(count) \(word)" : nil
        }
        let missing = toDo.count - known.count
        let rest = missing > 0 ? "; \(missing) \(missing == 1 ? "is" : "are") not known" : ""
        let lines = Self.wrapped(
            "Minutes: \(Self.minutes(total)) together, without downloads "
                + "(\(parts.joined(separator: ", ")))\(rest).")
        let wasProbed = known.contains { $0.basis == .probed }
        return missing > 0 && !wasProbed ? lines + [probeHint] : lines
    }

    /// Each reason once, with the jobs that it holds for.
    private var reasons: [String] {
        var order: [String] = []
        var numbers: [String: [Int]] = [:]
        for (index, row) in rows.enumerated() {
            let reason: String
            switch row.job.state {
            case .unavailable(let text) where text.hasPrefix(JobNeeds.misfitWord): reason = text
            case .unavailable(let text): reason = "skipped: \(text)"
            case .broken(let text): reason = "\(PlannedJob.unableWord): \(text)"
            case .sameAs(_, let text?): reason = "repeated: \(text)"
            case .ready, .notPulled, .alreadyDone, .sameAs: continue
            }
            if numbers[reason] == nil { order.append(reason) }
            numbers[reason, default: []].append(index + 1)
        }
        return order.flatMap { reason in
            let jobs = JobNumbers.text(numbers[reason] ?? [])
            return Self.wrapped("\(jobs.prefix(1).uppercased())\(jobs.dropFirst()): \(reason)")
        }
    }

    /// Breaks at spaces; further lines are indented.
    static func wrapped(_ text: String) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = "   "
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        return lines + [line]
    }
}
