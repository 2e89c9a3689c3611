import Basics
import Experiments
import Hub
import Runner
import Store
import Tasks

/// Shows what `run` would do.
enum PlanCommand: Command {
    static let specification = CommandSpecification(
        name: "plan", summary: "show the jobs in order, what they need, what cannot run and why",
        operands: "FILE...", operandCount: 1...1000,
        options: [
            .init("db", "FILE", "the database (default runs.sqlite of the project)"),
            .init("fresh", nil, "as if nothing were done yet"),
            .init("commands", nil, "one command per cell, for other schedulers"),
            .init("probe", nil, "measure this machine for 20 seconds to predict times"),
        ],
        examples: [
            "billion plan experiments/quickstart.yaml",
            "billion plan experiments/quickstart.yaml --fresh",
            "billion plan experiments/shapes-1b.yaml --probe",
            "billion plan experiments/night.yaml --commands | parallel -j 4",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        var status = ExitStatus.success
        for file in arguments.operands {
            let announces = arguments.operands.count > 1
            if try !show(file, arguments: arguments, announce: announces) { status = .usage }
        }
        return status
    }

    /// Prints the plan of one manifest.
    ///
    /// - Returns: false where it names a model that is not there, or not what it should be.
    static func show(_ file: String, arguments: Arguments, announce: Bool) throws -> Bool {
        let manifest = try Manifest.load(path: file)
        let plan = try Plan(manifest: manifest, catalog: Project.catalog)
        let project = try Project()
        let access = try ModelAccess.standard()
        let resolver = JobResolver(project: project, manifest: manifest, access: access)
        let history = try History(databaseAt: project.databasePath(arguments))
        let preflight = Preflight(resolver: resolver)
        let planned = PlannedJob.resolve(
            preflight.check(try resolver.resolve(plan.cells)), finished: history.finished,
            fresh: arguments.has("fresh"))
        let isWhole = !planned.contains { if case .broken = $0.state { true } else { false } }
        if arguments.has("commands") {
            printCommands(planned, file: file, experiment: manifest.name)
            if !isWhole {
                Console.error(
                    "\(file): some jobs \(PlannedJob.unableWord) and have no line; why: "
                        + "\(Shell.quoted(Program.command)) plan \(Shell.quoted(file))")
            }
            return isWhole
        }
        if announce { Console.print("\(file):") }
        let table = PlanTable(
            rows: try rows(
                planned, preflight: preflight, history: history, isProbing: arguments.has("probe")),
            room: preflight.room,
            probeHint: "Measure this machine for 20 seconds: "
                + "\(Shell.quoted(Program.command)) plan \(Shell.quoted(file)) --probe")
        for line in table.lines { Console.print(line) }
        return isWhole
    }

    /// A command for each cell that is left, each into a file of its own for `billion merge`.
    private static func printCommands(_ planned: [PlannedJob], file: String, experiment: String) {
        let folder = experiment.filter { $0 != "/" } + ".cells"
        for (index, line) in planned.enumerated() {
            guard [.ready, .notPulled].contains(line.state) else { continue }
            let database = "\(folder)/cell-\(index + 1).sqlite"
            Console.print(
                "mkdir -p \(Shell.quoted(folder)) && \(Shell.quoted(Program.command)) run "
                    + "\(Shell.quoted(file)) --cell \(index + 1) --db \(Shell.quoted(database))")
        }
    }

    /// What the database says of this installation; nothing when there is no database yet.
    private struct History {
        var finished: Set<JobID> = []
        var attempts: [FinishedAttempt] = []

        init(databaseAt path: String) throws {
            guard FileSystem.exists(path) else { return }
            let store = try ReadOnlyStore(path: path)
            let installation = try Paths().installation()
            finished = try store.finishedJobs(installation: installation)
            attempts = try store.finishedAttempts(installation: installation)
        }
    }

    private static func rows(
        _ planned: [PlannedJob], preflight: Preflight, history: History, isProbing: Bool
    ) throws -> [PlanTable.Row] {
        let lines = preflight.lines(for: planned)
        let past = preflight.past(history.attempts, planned: planned)
        var probed: [MachineProbe.Key: Cell] = [:]
        let keys = zip(planned, lines).map { job, line in
            line.format.map {
                MachineProbe.Key(
                    format: $0, backend: job.cell.backend,
                    hardwareSettings: job.cell.hardwareSettings)
            }
        }
        for (key, job) in zip(keys, planned) where [.ready, .notPulled].contains(job.state) {
            if let key { probed[key] = job.cell }
        }
        let rates = isProbing && !probed.isEmpty ? try MachineProbe.measure(probed) : [:]
        return zip(planned, zip(lines, keys)).map { job, known in
            PlanTable.Row(
                job: job, needs: known.0.needs,
                time: TimePrediction(
                    known.0.timed, past: past, rates: known.1.flatMap { rates[$0] }),
                download: known.0.download)
        }
    }
}
