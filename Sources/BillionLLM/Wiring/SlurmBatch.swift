import Basics
import Experiments

/// A cell that a cluster is to measure.
struct SlurmCell: Hashable {
    /// In the plan, from 1.
    let number: Int
    let cell: Cell
}

/// What a cluster wants to be told: lines for the head of a script and lines of shell.
///
/// After a line `# hardware: NAME` they hold for that kind of node only.
struct SlurmProfile {
    private var directives: [(hardware: String?, line: String)] = []
    private var commands: [(hardware: String?, line: String)] = []

    init(_ text: String) {
        var hardware: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            let mark = "# hardware:"
            if line.hasPrefix(mark) {
                hardware = String(line.dropFirst(mark.count).drop { $0 == " " })
            } else if line.hasPrefix("#SBATCH") {
                directives.append((hardware, line))
            } else if !line.isEmpty, !line.hasPrefix("#") {
                commands.append((hardware, line))
            }
        }
    }

    func directives(for hardware: String) -> [String] {
        directives.filter { $0.hardware == nil || $0.hardware == hardware }.map(\.line)
    }

    func commands(for hardware: String) -> [String] {
        commands.filter { $0.hardware == nil || $0.hardware == hardware }.map(\.line)
    }
}

/// The scripts that run cells as Slurm's job arrays, each cell into a database of its own.
///
/// The list of cells is written once, and the manifest is pinned by its digest: what is submitted
/// does not change under the jobs.
struct SlurmBatch {
    let name: String
    let manifest: String
    let digest: String
    let folder: String
    let database: String
    let program: String
    let profile: SlurmProfile
    let atOnce: Int
    let isFresh: Bool

    /// Seconds before the time limit at which a job is told to stop.
    private static let warning = 60
    /// A job that has used up its time is put back so often.
    private static let restarts = 100

    /// Cells for one kind of node, no more than an array can have.
    struct Array: Hashable {
        let hardware: String
        let cells: [SlurmCell]
    }

    /// Cells by kind of node, in each kind by weights, so that neighbours read the same file.
    func arrays(of cells: [SlurmCell], largest: Int) -> [Array] {
        var kinds: [String] = []
        var models: [[String]] = []
        for cell in cells.map(\.cell) {
            if !kinds.contains(cell.hardware) { kinds.append(cell.hardware) }
            let weights = [cell.model, cell.quantization]
            if !models.contains(weights) { models.append(weights) }
        }
        return kinds.flatMap { kind -> [Array] in
            let own = models.flatMap { weights in
                cells.filter {
                    $0.cell.hardware == kind && [$0.cell.model, $0.cell.quantization] == weights
                }
            }
            return stride(from: 0, to: own.count, by: largest).map { start in
                Array(
                    hardware: kind, cells: [SlurmCell](own[start..<min(start + largest, own.count)])
                )
            }
        }
    }

    func write(_ arrays: [Array]) throws {
        for part in ["cells", "logs"] { try FileSystem.makeFolder(FileSystem.join(folder, part)) }
        for (index, array) in arrays.enumerated() {
            let list = array.cells.map { "\($0.number) \($0.cell.title)\n" }.joined()
            try put(list, "array-\(index + 1).cells")
            try put(script(array, index + 1), "array-\(index + 1).sbatch")
        }
        try put(mergeScript, "merge.sbatch")
        try put(submitScript(arrays.count), "submit")
    }

    private func put(_ text: String, _ name: String) throws {
        try FileSystem.write([UInt8](text.utf8), atomicallyTo: FileSystem.join(folder, name))
    }

    private func path(_ name: String) -> String { Shell.quoted(FileSystem.join(folder, name)) }

    private var jobName: String {
        "billion-" + name.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined()
    }

    /// Of the threads that the cells ask for, the most; nil where they take what they get.
    private func threads(_ array: Array) -> Int? {
        array.cells.compactMap { cell -> Int? in
            if case .integer(let threads)? = cell.cell.hardwareSettings["threads"] {
                return Int(threads)
            }
            return nil
        }.max()
    }

    func script(_ array: Array, _ number: Int) -> String {
        var head = [
            "#!/bin/bash",
            "#SBATCH --job-name=\(jobName)",
            "#SBATCH --array=0-\(array.cells.count - 1)%\(atOnce)",
            "#SBATCH --requeue",
            "#SBATCH --open-mode=append",
            "#SBATCH --signal=B:USR1@\(Self.warning)",
            "#SBATCH --output=\(FileSystem.join(folder, "logs"))/%A_%a.out",
        ]
        if let threads = threads(array) { head.append("#SBATCH --cpus-per-task=\(threads)") }
        head += profile.directives(for: array.hardware)
        let body = """
            # A line of the list is a cell; its number in the plan comes first.
            cell=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" \(path("array-\(number).cells")) | cut -d' ' -f1)
            spent=''
            \(Shell.quoted(program)) run \(Shell.quoted(manifest)) --cell "$cell" \\
                --manifest-digest \(digest) \(isFresh ? "--fresh " : "")\\
                --db \(path("cells"))/cell-"$cell".sqlite &
            runner=$!
            # USR1 comes before the time limit: finish the sample at hand, and go on later.
            trap 'spent=yes; kill -TERM "$runner"' USR1
            # TERM comes from scancel: finish the sample at hand, and that is all.
            trap 'kill -TERM "$runner"' TERM
            wait "$runner"
            status=$?
            while kill -0 "$runner" 2>/dev/null; do
                wait "$runner"
                status=$?
            done
            if [ -n "$spent" ] && [ "$status" = 130 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt \(Self.restarts) ]; then
                exec scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
            fi
            exit "$status"

            """
        return (head + profile.commands(for: array.hardware) + [body]).joined(separator: "\n")
    }

    private var mergeScript: String {
        """
        #!/bin/bash
        #SBATCH --job-name=\(jobName)-merge
        #SBATCH --output=\(FileSystem.join(folder, "logs"))/merge-%j.out
        exec \(Shell.quoted(program)) merge \(path("cells"))/*.sqlite --db \(Shell.quoted(database))

        """
    }

    /// Prints the job ids, the merge's last.
    private func submitScript(_ arrays: Int) -> String {
        var lines = ["#!/bin/sh", "set -e", "ids=''"]
        for number in 1...max(arrays, 1) {
            lines.append("id=$(sbatch --parsable \(path("array-\(number).sbatch")))")
            lines.append("ids=\"$ids:${id%%;*}\"")
            lines.append("echo \"array \(number): job ${id%%;*}\"")
        }
        lines.append(
            "id=$(sbatch --parsable --dependency=\"afterany$ids\" \(path("merge.sbatch")))")
        lines.append("echo \"merge: job ${id%%;*}\"")
        return lines.joined(separator: "\n") + "\n"
    }
}
