import Basics
import Dispatch
import Experiments
import Synchronization
import Training

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Does the updates of a `lora` job, those of an interrupted one behind its checkpoint.
///
/// What was reported before is not reported again. Updates that were done and not reported, because
/// the process ended in between, are in the checkpoint; those that were reported and not kept there
/// are done once more and come out the same to the bit.
struct TrainingLoop {
    private let trainer: LoRATrainer
    private let context: TaskContext
    private let path: String
    private let saveSteps: Int

    init(_ trainer: LoRATrainer, _ context: TaskContext) throws {
        self.trainer = trainer
        self.context = context
        path = try TrainingFiles.checkpoint(context)
        saveSteps = try context.integer("save_steps")
    }

    /// All updates, those of earlier attempts included.
    func run() throws -> [TrainingUpdate] {
        let total = trainer.updateCount
        let reported = context.completed.records[LoRATask.recordKind]?.count ?? 0
        let identity = SHA256.hex(context.job.id.text)
        // Without finished work this is a new start, asked for with --fresh perhaps.
        if reported > 0, let state = TrainingState(file: path, identity: identity) {
            try trainer.restore(state)
        }
        for update in trainer.updates.dropFirst(reported) { try report(update) }

        let saver = CheckpointSaver(path: path, identity: identity)
        try saver.whileWatching {
            while trainer.completedUpdates < total {
                try context.progress("training", trainer.completedUpdates, of: total)
                let update = try trainer.step()
                context.model.count(tokens: update.tokens)
                if update.number > reported { try report(update) }
                saver.keep(trainer.state)
                if update.number % saveSteps == 0 { try saver.save() }
            }
        }
        try context.progress("training", total, of: total)
        try saver.save()
        return trainer.updates
    }

    /// Nothing goes on from here any more.
    func removeCheckpoint() { try? FileSystem.remove(path) }

    private func report(_ update: TrainingUpdate) throws {
        var values: [String: JSONValue] = [
            "update": .integer(Int64(update.number)), "loss": .number(update.loss),
            "lr": .number(update.learningRate), "grad_norm": .number(update.gradientNorm),
            "tokens": .integer(Int64(update.tokens)), "hits": .integer(Int64(update.hits)),
            "seconds": .number(update.seconds),
        ]
        if let bytes = ProcessMemory.peakResidentBytes() {
            values["resident_bytes"] = .integer(Int64(bytes))
        }
        try context.record(
            JobRecord(kind: LoRATask.recordKind, index: update.number - 1, values: values))
    }
}

/// Writes the newest state to the checkpoint, at SIGTERM too.
private final class CheckpointSaver: Sendable {
    private let path: String
    private let identity: String
    private let latest = Mutex<TrainingState?>(nil)

    init(path: String, identity: String) {
        self.path = path
        self.identity = identity
    }

    func keep(_ state: TrainingState) { latest.withLock { $0 = state } }

    func save() throws {
        try latest.withLock { try $0?.write(to: path, identity: identity) }
    }

    /// A signal that asks the process to end saves first, and ends it then as it would have.
    func whileWatching(_ body: () throws -> Void) throws {
        signal(SIGTERM, SIG_IGN)
        let source = DispatchSource.makeSignalSource(
            signal: SIGTERM, queue: DispatchQueue(label: "checkpoint"))
        source.setEventHandler { [self] in
            try? save()
            signal(SIGTERM, SIG_DFL)
            kill(getpid(), SIGTERM)
        }
        source.activate()
        defer {
            source.cancel()
            signal(SIGTERM, SIG_DFL)
        }
        try body()
    }
}
