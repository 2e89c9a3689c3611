import Basics
import Experiments
import Runner
import Store

/// Hands a matrix to a cluster.
enum SubmitCommand: Command {
    static let specification = CommandSpecification(
        name: "submit", summary: "run a matrix as job arrays of Slurm, each cell into its own file",
        operands: "FILE", operandCount: 1...1,
        options: [
            .init("slurm", nil, "the scheduler; there is no other yet"),
            .init("profile", "FILE", "#SBATCH and shell lines of your cluster, some per hardware"),
            .init("at-once", "N", "so many cells at a time (default 16)"),
            .init("folder", "FOLDER", "where scripts and cells go (default NAME.slurm)"),
            .init("db", "FILE", "what is merged into (default runs.sqlite of the project)"),
            .init("fresh", nil, "measure finished jobs again, beside the old rows"),
            .init("write-only", nil, "write the scripts and submit nothing"),
        ],
        examples: [
            "billion submit --slurm experiments/quickstart.yaml",
            "billion submit --slurm experiments/night.yaml --profile gpu-cluster.sh --at-once 8",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        guard arguments.has("slurm") else {
            throw UsageError(
                "name the scheduler: --slurm. For any other, `billion plan FILE --commands` prints "
                    + "one command per cell.")
        }
        let file = try absolute(arguments.operands[0])
        let manifest = try Manifest.load(path: file)
        let plan = try Plan(manifest: manifest, catalog: Project.catalog)
        let database = try absolute(Project().databasePath(arguments))
        let left = try leftToDo(plan, manifest: manifest, database: database, arguments)
        guard !left.isEmpty else {
            Console.error("Nothing left to do.")
            return .success
        }
        let folder = try absolute(
            arguments.string("folder") ?? manifest.name.filter { $0 != "/" } + ".slurm")
        let profile = try arguments.string("profile").map {
            SlurmProfile(String(decoding: try FileSystem.read($0), as: UTF8.self))
        }
        let batch = SlurmBatch(
            name: manifest.name, manifest: file, digest: manifest.digest, folder: folder,
            database: database, program: try program(), profile: profile ?? SlurmProfile(""),
            atOnce: try arguments.integer("at-once", in: 1...100_000, default: 16),
            isFresh: arguments.has("fresh"))
        let arrays = batch.arrays(of: left, largest: largestArray())
        try batch.write(arrays)
        Console.error("\(left.count) cells in \(arrays.count) arrays: \(folder)")
        guard !arguments.has("write-only") else {
            Console.error("Submit them with: sh \(Shell.quoted(FileSystem.join(folder, "submit")))")
            return .success
        }
        let outcome = try Subprocess("sh", [FileSystem.join(folder, "submit")]).run()
        Console.write(outcome.output)
        guard outcome.succeeded else {
            Console.error(
                "billion submit: sbatch did not take them: \(outcome.errorText)Nothing is lost: "
                    + "once the cause is mended, call sh \(FileSystem.join(folder, "submit")).")
            return .failure
        }
        return .success
    }

    /// The cells that have no result here yet, by their numbers in the plan.
    private static func leftToDo(
        _ plan: Plan, manifest: Manifest, database: String, _ arguments: Arguments
    ) throws -> [SlurmCell] {
        var finished: Set<JobID> = []
        if FileSystem.exists(database), !arguments.has("fresh") {
            let store = try ReadOnlyStore(path: database)
            defer { store.close() }
            finished = try store.finishedJobs(installation: try Paths().installation())
        }
        let resolver = JobResolver(
            project: try Project(), manifest: manifest, access: try ModelAccess.standard())
        let planned = PlannedJob.resolve(
            try resolver.resolve(plan.cells), finished: finished, fresh: false)
        return planned.enumerated().compactMap { index, line in
            switch line.state {
            case .ready, .notPulled: SlurmCell(number: index + 1, cell: line.cell)
            case .alreadyDone, .sameAs, .unavailable, .broken: nil
            }
        }
    }

    /// This program by a path that the nodes can use: the launcher where there is one.
    private static func program() throws -> String {
        if let launcher = Program.environment["BILLION_CHECKOUT"] {
            return FileSystem.join(launcher, "billion")
        }
        return ChildProcessExecutor.ownProgramFile
    }

    private static func absolute(_ path: String) throws -> String {
        path.hasPrefix("/") ? path : FileSystem.join(try Paths.workingFolder(), path)
    }

    /// Slurm's MaxArraySize, which an index must stay below; its default where nobody says.
    private static func largestArray() -> Int {
        let usual = 1001
        guard let outcome = try? Subprocess("scontrol", ["show", "config"]).run(),
            outcome.succeeded,
            let line = outcome.outputText.split(separator: "\n")
                .first(where: { $0.hasPrefix("MaxArraySize") }),
            let number = line.split(separator: " ").last.flatMap({ Int($0) }), number > 1
        else { return usual }
        return number
    }
}
