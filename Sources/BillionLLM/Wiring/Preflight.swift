import Basics
import Experiments
import Hub
import LanguageModels
import Runner
import Store
import Tasks
import Tensors

/// Asks before a run what its jobs need of this machine.
///
/// Nothing is fetched or made.
struct Preflight {
    let resolver: JobResolver
    let room: MachineRoom

    init(resolver: JobResolver) {
        self.resolver = resolver
        room = MachineRoom(
            memoryBytes: HostFacts.availableMemoryBytes(),
            diskBytes: resolver.access.store.folders
                .compactMap { try? FileSystem.freeBytes(at: $0) }.min())
    }

    /// What is known of one line of a plan.
    struct Line {
        var needs: JobNeeds
        /// The same job as predictions see it.
        var timed: TimedJob
        /// The format that the weights will have, `as-stored` resolved.
        var format: String?
        /// What makes it wait: a file that other lines wait for too.
        var download: ModelLocation?

        /// What the same work takes for another model that is open at the same time.
        mutating func add(_ other: Line, isSameSource: Bool) {
            func sum(_ one: Int64?, _ two: Int64?) -> Int64? {
                one.flatMap { one in two.map { one + $0 } }
            }
            if !isSameSource {
                needs.downloadBytes = sum(needs.downloadBytes, other.needs.downloadBytes)
                needs.fetchedBytes = sum(needs.fetchedBytes, other.needs.fetchedBytes)
                download = download ?? other.download
            }
            needs.copyBytes = sum(needs.copyBytes, other.needs.copyBytes)
            needs.memory = needs.memory.flatMap { own in
                other.needs.memory.map { own.adding($0) }
            }
            timed.cost = timed.cost.flatMap { own in other.timed.cost.map { own + $0 } }
        }
    }

    /// The plan with the jobs that cannot fit marked as such; the others as they were.
    func check(_ planned: [PlannedJob]) -> [PlannedJob] {
        zip(planned, lines(for: planned)).map { job, line in
            switch job.state {
            case .ready, .notPulled: break
            case .alreadyDone, .sameAs, .unavailable, .broken: return job
            }
            guard let reason = line.needs.misfit(in: room) else { return job }
            return .unavailable(job.cell, job: job.job, reason: reason)
        }
    }

    /// What each job needs, in the plan's order; models and datasets are looked at once each.
    func lines(for planned: [PlannedJob]) -> [Line] {
        var sources: [ModelSource: Source] = [:]
        var loads: [WorkloadKey: TaskWorkload?] = [:]
        var copies: [CopyKey: Int64?] = [:]
        func bare(_ job: PlannedJob) -> Line {
            let cell = job.cell
            let source = sources[cell.source] ?? Source(cell, resolver)
            sources[cell.source] = source
            let key = WorkloadKey(kind: cell.taskKind, settings: cell.taskSettings)
            if loads[key] == nil { loads[key] = .some(workload(of: cell)) }
            let copy = CopyKey(cell)
            if copies[copy] == nil { copies[copy] = .some(copyBytes(of: cell, source.model)) }
            var line = line(job, source, loads[key] ?? nil)
            line.needs.copyBytes = copies[copy] ?? nil
            return line
        }
        return planned.map { job in
            var line = bare(job)
            // Of another model the same is asked, and both are open at a time.
            for (_, other) in job.cell.otherModels.sorted(by: { $0.key < $1.key }) {
                let twin = job.cell.with(other)
                line.add(bare(.notPulled(twin)), isSameSource: other.source == job.cell.source)
            }
            return line
        }
    }

    /// Names a converted file: jobs of one model and one format share it.
    struct CopyKey: Hashable {
        let source: ModelSource
        let quantization: String

        init(_ cell: Cell) { self.init(cell.source, cell.quantization) }

        init(_ source: ModelSource, _ quantization: String) {
            self.source = source
            self.quantization = quantization
        }
    }

    private func copyBytes(of cell: Cell, _ model: PlannedModel?) -> Int64? {
        if case .random = cell.source { return 0 }
        if cell.quantization == Quantizations.asStored { return 0 }
        return model?.copyBytes(cell.quantization, access: resolver.access)
    }

    /// Where a model comes from, and what it is.
    private struct Source {
        let model: PlannedModel?
        /// What is to be fetched; nil when nothing is.
        let download: (from: ModelLocation, need: DownloadNeed)?

        init(_ cell: Cell, _ resolver: JobResolver) {
            let access = resolver.access
            let location = resolver.location(of: cell)
            let path = location.flatMap { (try? access.locate($0)) ?? nil }
            model = PlannedModel(cell, at: path)
            if let location, path == nil {
                download = (location, access.store.downloadNeed(of: location))
            } else {
                download = nil
            }
        }
    }

    private struct WorkloadKey: Hashable {
        let kind: String
        let settings: [String: JSONValue]
    }

    private func workload(of cell: Cell) -> TaskWorkload? {
        let task = TaskRegistry.task(kind: cell.taskKind)
        var question = WorkloadQuestion(settings: cell.taskSettings)
        if let name = cell.datasetName {
            question.dataset = try? task?.findDataset(name, in: resolver.project.datasets)
        }
        if let name = cell.textName { question.text = try? resolver.text(name) }
        return (try? task?.workload(question)) ?? nil
    }

    private func line(_ job: PlannedJob, _ source: Source, _ load: TaskWorkload?) -> Line {
        let cell = job.cell
        let model = source.model
        var needs = JobNeeds(downloadBytes: 0, fetchedBytes: 0)
        if let need = source.download?.need {
            (needs.downloadBytes, needs.fetchedBytes) = (need.bytes, need.diskBytes)
        }
        let format = model?.format(for: cell.quantization)
        let footprint = format.flatMap { model?.footprint(in: $0) }
        var timed = TimedJob(
            modelDigest: job.job?.modelDigest, parameters: model?.parameters,
            quantization: cell.quantization, taskKind: cell.taskKind,
            taskSettings: cell.taskSettings, backend: cell.backend,
            hardwareSettings: cell.hardwareSettings, cost: nil)
        if let footprint, let load, let hardware = try? HardwareTarget(cell) {
            let positions = load.cachePositions(context: footprint.shape.contextLength)
            let memory = footprint.memory(
                positions: positions, computation: hardware.computation,
                threads: hardware.threads)
            let held = cell.otherModels.isEmpty ? 0 : load.heldLogits
            needs.memory = memory.adding(
                workspace: held * footprint.shape.vocabulary * MemoryLayout<Float>.size)
            timed.cost = JobCost(
                footprint, load, cacheBytes: memory.cache / max((positions + 15) / 16 * 16, 1))
        }
        return Line(
            needs: needs, timed: timed, format: format, download: source.download?.from)
    }
}

extension Preflight {
    /// Jobs that this installation has finished, with the work that they were.
    ///
    /// A past model's shape is known where the plan has the same model, or the catalog knows it.
    func past(_ attempts: [FinishedAttempt], planned: [PlannedJob]) -> [PastJob] {
        var sources: [String: Cell] = [:]
        for job in planned {
            if let digest = job.job?.modelDigest { sources[digest] = job.cell }
        }
        let seeds = Set(planned.map(\.cell.seed))
        for model in ModelCatalog.models {
            if case .wheel(let wheel) = model.source {
                sources[wheel.sha256] = cell(.catalog(model.name), seed: 0)
            }
            for seed in seeds {
                let source = ModelSource.random(shapeOf: model.name)
                guard let digest = try? SyntheticModels.digest(model.name, seed: seed) else {
                    continue
                }
                if sources[digest] == nil { sources[digest] = cell(source, seed: seed) }
            }
        }
        let known = attempts.compactMap { attempt -> (PlannedJob, FinishedAttempt)? in
            guard var cell = sources[attempt.modelDigest] else { return nil }
            cell.quantization = attempt.quantization
            cell.taskKind = attempt.taskKind
            cell.taskSettings = attempt.taskSettings
            cell.backend = attempt.backend
            cell.hardwareSettings = attempt.hardwareSettings
            return (.notPulled(cell), attempt)
        }
        return zip(lines(for: known.map(\.0)), known).map { line, pair in
            var timed = line.timed
            timed.modelDigest = pair.1.modelDigest
            return PastJob(job: timed, seconds: pair.1.seconds)
        }
    }

    /// How long the jobs of a plan will take, where something like them was measured here.
    func predictions(for planned: [PlannedJob], past attempts: [FinishedAttempt])
        -> [JobID: Double]
    {
        let past = past(attempts, planned: planned)
        var seconds: [JobID: Double] = [:]
        for (line, job) in zip(lines(for: planned), planned) {
            guard let id = job.job?.id else { continue }
            seconds[id] = TimePrediction(line.timed, past: past, rates: nil)?.seconds
        }
        return seconds
    }

    private func cell(_ source: ModelSource, seed: UInt64) -> Cell {
        Cell(
            experiment: "", model: "", source: source, quantization: "", task: "", taskKind: "",
            taskSettings: [:], hardware: "", backend: "", hardwareSettings: [:], seed: seed)
    }
}
