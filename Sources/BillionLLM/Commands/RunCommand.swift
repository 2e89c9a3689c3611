import Basics
import Experiments
import Hub
import Reporting
import Runner
import Store
import Tasks
import Tensors

/// Runs the matrix of a manifest into the database and regenerates the report.
enum RunCommand: Command {
    static let specification = CommandSpecification(
        name: "run", summary: "run an experiment's matrix; finished jobs are not run again",
        operands: "FILE", operandCount: 1...1,
        options: [
            .init("db", "FILE", "the database (default runs.sqlite of the project)"),
            .init("fresh", nil, "measure finished jobs again, beside the old rows"),
            .init("dry-run", nil, "only show the plan, as `billion plan` does"),
            .init("job-timeout", "TIME", "stop a job that takes longer (90s, 30min, 2h)"),
            .init("sample-timeout", "TIME", "stop a job that gives no result for longer"),
            .init("memory-limit", "SIZE", "stop a job that holds more memory (8GB)"),
            .init("retries", "N", "tries after a failure that may pass (default 2)"),
            .init("same-failures", "N", "equal failures before the rest is left (default 5)"),
            .init("max-hours", "HOURS", "end after so long; the same command goes on later"),
            .init("until", "HH:MM", "end at this time of day, here"),
            .init("order", "ORDER", "grouped (default: by weights), plan, cheapest or longest"),
            .init("first", "NAME", "jobs with this name on an axis go first", repeats: true),
            .init("cell", "N", "only the cell with this number of the plan"),
            .init("shard", "I/N", "only the I-th of N shares of the plan"),
            .init("manifest-digest", "SHA256", "refuse a manifest that is not this one"),
            .init(
                "unsafe-code", nil,
                "run what models write without a sandbox: the code can do what you can"),
            .init("verbose", nil, "show what the jobs' processes say on stderr"),
        ],
        examples: [
            "billion run experiments/quickstart.yaml",
            "billion run experiments/quickstart.yaml --fresh --db /tmp/again.sqlite",
            "billion run experiments/night.yaml --until 07:00 --job-timeout 2h --memory-limit 8GB",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let file = arguments.operands[0]
        if arguments.has("dry-run") {
            return try PlanCommand.show(file, arguments: arguments, announce: false)
                ? .success : .usage
        }
        let manifest = try Manifest.load(path: file)
        if let digest = arguments.string("manifest-digest"), digest != manifest.digest {
            throw UsageError(
                "\(file): it has changed since it was submitted; wanted SHA-256 \(digest), found "
                    + "\(manifest.digest). Submit it again.")
        }
        let plan = try Plan(manifest: manifest, catalog: Project.catalog)
        let part = try PlanPart(arguments, cellCount: plan.cells.count)
        let cells = part.places(of: plan.cells).map { plan.cells[$0] }
        let project = try Project()
        let access = try ModelAccess.standard()
        let resolver = JobResolver(
            project: project, manifest: manifest, access: access,
            allowsUnsafeCode: arguments.has("unsafe-code"))

        // The store is opened first: a database that cannot be used is known before a download.
        let store = try RunStore(path: project.databasePath(arguments))
        let stop = try StopRequests()
        // Until the file is closed: a second Ctrl-C must not end the process inside it.
        defer { stop.stopListening() }
        let summary: RunSummary
        let jobs: [Job]
        do {
            (summary, jobs) = try runJobs(
                cells, manifest: manifest, resolver: resolver, store: store, stop: stop,
                arguments: arguments)
            // Who waits for the prompt does not wait for readers.
            try store.close(patience: stop.count > 0 ? .zero : .seconds(3))
            stop.stopListening()
        } catch let error as RunnerError {
            // The store refused in the middle: what is finished is kept.
            try? store.close()
            Console.error("billion run: \(error)")
            return .failure
        } catch {
            try? store.close()
            throw error
        }
        // After an interruption the command that goes on is the last thing on the screen.
        try showResults(
            of: jobs, project: project, arguments: arguments,
            quietly: summary.exit == .interrupted)
        return switch summary.exit {
        case .success: .success
        case .jobFailed: .failure
        case .badInput: .usage
        case .interrupted: .interrupted
        }
    }

    private static func runJobs(
        _ cells: [Cell], manifest: Manifest, resolver: JobResolver, store: RunStore,
        stop: StopRequests, arguments: Arguments
    ) throws -> (RunSummary, [Job]) {
        let installation = try Paths().installation()
        let finished =
            arguments.has("fresh") ? [] : try store.finishedJobs(installation: installation)
        // What does not fit is found before it is fetched, and looked at again with the files here.
        try pullModels(cells, resolver: resolver, finished: finished)

        var policy = try RunOptions.policy(arguments, manifest: manifest)
        let preflight = Preflight(resolver: resolver)
        let planned = preflight.check(try resolver.resolve(cells))
        let past = try ReadOnlyStore(path: resolver.project.databasePath(arguments))
            .finishedAttempts(installation: installation)
        policy.order.predictedSeconds = preflight.predictions(for: planned, past: past)
        JobLogs.prune()
        stop.listenForSignals()
        let progress = TerminalProgress(
            style: .detect(descriptor: 2, environment: Program.environment))
        let executor = ChildProcessExecutor(
            arguments: [JobCommand.specification.name], environment: BLASLibrary.environment,
            policy: policy,
            controlGroups: policy.memoryLimitBytes == nil ? nil : ControlGroups(), stop: stop,
            isVerbose: arguments.has("verbose"), note: { progress.note($0) },
            log: { JobLogs.log(of: $0) },
            assignment: { job in try assignment(for: job, resolver: resolver) })
        let runner = JobRunner(
            store: store, executor: executor, policy: policy, progress: progress, stop: stop)
        let summary = try runner.run(
            planned,
            facts: RunFacts(
                installation: installation, experiment: manifest.name,
                manifestDigest: manifest.digest, host: Host.facts,
                buildConfiguration: Program.configuration, commit: Program.commit,
                version: Program.version))
        return (summary, planned.compactMap(\.job))
    }

    /// Fetches what the jobs that are left need, before the first of them starts.
    private static func pullModels(
        _ cells: [Cell], resolver: JobResolver, finished: Set<JobID>
    ) throws {
        var pulled: Set<ModelLocation> = []
        let planned = Preflight(resolver: resolver).check(try resolver.resolve(cells))
        for line in PlannedJob.resolve(planned, finished: finished, fresh: false) {
            switch line.state {
            case .alreadyDone, .unavailable: continue
            case .ready, .notPulled, .sameAs, .broken: break
            }
            for location in resolver.locations(of: line.cell) {
                // A path is not fetched; whether it is there is the job's own outcome.
                if case .path = location { continue }
                guard pulled.insert(location).inserted else { continue }
                _ = try resolver.access.pull(location)
            }
        }
    }

    /// What a job needs on this machine.
    ///
    /// Weights are converted in a process of their own, so that neither the runner nor the job is
    /// charged for it.
    private static func assignment(for job: Job, resolver: JobResolver) throws -> ChildAssignment {
        let cell = job.cell
        var resources: [String: String] = [:]
        resources["model.adapter"] = resolver.adapter(of: cell)
        for setting in ["init_adapter", "output_dir"] {
            if case .string(let path)? = cell.taskSettings[setting] {
                resources[setting] = resolver.path(path)
            }
        }
        func add(_ source: ModelSource, _ quantization: String, named name: String) throws {
            if case .random(let shape) = source {
                let model = try SyntheticModels.model(shape, seed: cell.seed)
                resources[name + ".synthetic"] = try JSON.text(model)
            } else {
                resources[name] = try path(of: source, in: quantization, resolver: resolver)
            }
        }
        try add(cell.source, cell.quantization, named: "model")
        for (setting, other) in cell.otherModels {
            try add(other.source, other.quantization, named: setting)
            resources[setting + ".adapter"] = resolver.adapter(of: cell.with(other))
        }
        if let name = cell.textName { resources["text"] = try resolver.text(name) }
        if let name = cell.datasetName {
            resources["dataset"] = try TaskRegistry.task(kind: cell.taskKind)?
                .findDataset(name, in: resolver.project.datasets)
        }
        return ChildAssignment(job: job, resources: resources)
    }

    /// A model's file in the format wanted.
    private static func path(
        of source: ModelSource, in quantization: String, resolver: JobResolver
    ) throws -> String {
        guard let location = resolver.location(of: source) else {
            preconditionFailure("every source but random weights has a location")
        }
        guard let path = try resolver.access.locate(location) else {
            throw JobFailure.failed(reason: "the model \(location.name) is gone from the cache.")
        }
        return quantization == Quantizations.asStored
            ? path : try converted(path, to: quantization)
    }

    private static func converted(_ source: String, to quantization: String) throws -> String {
        let process = Subprocess(
            ChildProcessExecutor.ownExecutable,
            [QuantizeCommand.specification.name, source, quantization], input: .lifeline)
        let outcome = try process.run()
        guard outcome.succeeded else {
            let message = outcome.errorText.split { $0.isNewline }.last.map { line in
                // The command that nobody typed is left out.
                let prefix = "billion \(QuantizeCommand.specification.name): "
                return String(line.hasPrefix(prefix) ? line.dropFirst(prefix.count) : line)
            }
            throw JobFailure.failed(
                reason: "converting to \(quantization): \(message ?? "\(outcome.ending)")")
        }
        return String(outcome.outputText.prefix { !$0.isNewline })
    }

    /// What the jobs have found on stdout, and COMPARISON.md beside the project's database.
    private static func showResults(
        of jobs: [Job], project: Project, arguments: Arguments, quietly: Bool
    ) throws {
        let database = project.databasePath(arguments)
        let store = try ReadOnlyStore(path: database)
        if !quietly {
            let results = try store.results(
                of: Set(jobs.map(\.id)), installation: try Paths().installation())
            let table = RunTable(jobs, results)
            for line in TextTable.lines(table.rows) { Console.print(line) }
            if results.jobsOfAll > results.values.count {
                let option = arguments.has("db") ? " --db \(Shell.quoted(database))" : ""
                Console.error(
                    "Everything in the database: \(Shell.quoted(Program.command)) query "
                        + "\"SELECT * FROM leaderboard\"\(option)")
            }
        }
        if arguments.has("db") {
            if quietly { return }
            Console.error(
                "The full report: \(Shell.quoted(Program.command)) report "
                    + "--db \(Shell.quoted(database)) --output REPORT.md")
            return
        }
        try ReportFiles(
            store, path: project.reportPath, format: .markdown, isProjectReport: true
        ).write()
        if !quietly { Console.error("Report: \(FileSystem.name(of: project.reportPath))") }
    }
}
