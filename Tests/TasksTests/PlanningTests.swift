import Basics
import LanguageModels
import TestSupport
import Testing

@testable import Tasks

/// What is said of jobs before they run, against values worked out by hand.
@Suite struct PlanningTests {
    private static let footprint: ModelFootprint? = {
        guard let target = try? QuantizationTarget.named("f16") else { return nil }
        return ModelFootprint(
            architecture: "llama",
            shape: TransformerShape(
                layers: 2, width: 64, feedForward: 128, heads: 4, keyValueHeads: 2, headSize: 16,
                vocabulary: 100, contextLength: 256), isTied: false, target: target)
    }()

    // MARK: - Work

    @Test func speedCountsWarmUpRepetitionsAndFirstTokens() throws {
        var settings: [String: JSONValue] = [
            "n_prompt": .integer(10), "n_gen": .integer(4), "n_depth": .integer(0),
            "repetitions": .integer(2),
        ]
        #expect(
            SpeedTask.workload(WorkloadQuestion(settings: settings))
                == TaskWorkload(
                    positions: 10, promptTokens: 50, promptPairs: 275, steps: 8, stepPairs: 20))
        // After a depth there is no time to the first token, and every token sees the depth.
        settings["n_depth"] = .integer(6)
        #expect(
            SpeedTask.workload(WorkloadQuestion(settings: settings))
                == TaskWorkload(
                    positions: 16, promptTokens: 36, promptPairs: 366, steps: 8, stepPairs: 68))
    }

    @Test func memoryIsOnePromptAndSomeSteps() {
        let settings: [String: JSONValue] = ["n_prompt": .integer(10), "n_gen": .integer(4)]
        #expect(
            MemoryTask.workload(WorkloadQuestion(settings: settings))
                == TaskWorkload(
                    positions: 14, promptTokens: 10, promptPairs: 55, steps: 4, stepPairs: 50))
    }

    /// Ten subjects; the examples of each are processed once.
    @Test func questionsShareTheirExamples() throws {
        func load(shots: Int64, limit: Int64) throws -> TaskWorkload {
            try #require(
                try MMLUTask.workload(
                    WorkloadQuestion(
                        settings: ["num_fewshot": .integer(shots), "limit": .integer(limit)],
                        dataset: SharedData.packageRoot + "/datasets/mini-mmlu")))
        }
        let (one, two) = (try load(shots: 5, limit: 1), try load(shots: 5, limit: 2))
        #expect(one.isCutToContext && one.positions >= 1024 && one.steps == 0)
        // The second question of each subject brings itself and not its examples.
        let bare = (try load(shots: 0, limit: 1), try load(shots: 0, limit: 2))
        #expect(
            two.promptTokens - one.promptTokens == bare.1.promptTokens - bare.0.promptTokens)
        #expect(one.promptTokens > 2 * bare.0.promptTokens)
        #expect(try MMLUTask.workload(WorkloadQuestion(settings: [:])) == nil)
    }

    @Test func costIsOperationsAndBytes() throws {
        let load = TaskWorkload(
            positions: 16, promptTokens: 10, promptPairs: 55, steps: 3, stepPairs: 6)
        let cost = JobCost(try #require(Self.footprint), load, cacheBytes: 256)
        let products: Double = 2 * 73_728 * 10
        let attention: Double = 4 * 2 * 4 * 16 * 55
        #expect(cost.operations == products + attention)
        let read: Double = 161_536 * 3 + 256 * 6
        #expect(cost.stepBytes == read)
        #expect(cost.loadBytes == 174_336)
        let rates = MachineRates(
            operationsPerSecond: cost.operations, stepBytesPerSecond: cost.stepBytes / 2,
            loadBytesPerSecond: cost.loadBytes / 4)
        #expect(abs(cost.seconds(at: rates) - (7 + MachineRates.startSeconds)) < 1e-9)
    }

    // MARK: - Time

    private func job(
        _ digest: String?, parameters: Int = 100, quantization: String = "q8_0",
        task: String = "speed", threads: Int64 = 2, gigabytes: Double = 10
    ) -> TimedJob {
        TimedJob(
            modelDigest: digest, parameters: parameters, quantization: quantization,
            taskKind: task, taskSettings: ["n_gen": .integer(8)], backend: "cpu",
            hardwareSettings: ["threads": .integer(threads)],
            cost: JobCost(operations: 0, stepBytes: gigabytes * 1e9, loadBytes: 0))
    }

    @Test func theSameJobIsTheBestWitness() {
        let past = [
            PastJob(job: job("b"), seconds: 7), PastJob(job: job("a"), seconds: 5),
            PastJob(job: job("a"), seconds: 4),
        ]
        let rates = MachineRates(
            operationsPerSecond: 1, stepBytesPerSecond: 1e9, loadBytesPerSecond: 1)
        let same = TimePrediction(job("a"), past: past, rates: rates)
        #expect(same?.basis == .measured && same?.seconds == 5)
        let probed = TimePrediction(job("c"), past: past, rates: rates)
        #expect(probed?.basis == .probed)
        #expect(abs((probed?.seconds ?? 0) - 10 - MachineRates.startSeconds) < 1e-9)
    }

    /// The same quantization goes before the nearest size; work is what is scaled by.
    @Test func theNearestIsScaled() {
        let past = [
            PastJob(job: job("a", parameters: 100, quantization: "q4_0"), seconds: 1000),
            PastJob(job: job("b", parameters: 400, gigabytes: 18), seconds: 20),
            PastJob(job: job("c", parameters: 900, gigabytes: 18), seconds: 2000),
        ]
        let found = TimePrediction(
            job("x", parameters: 100, gigabytes: 8), past: past, rates: nil)
        // 0.2 s to start and 10 GB/s: 2.0 s of the one are 1.0 s of the other.
        #expect(found?.basis == .scaled && abs((found?.seconds ?? 0) - 10) < 1e-9)
    }

    @Test func whatIsNotAlikeSaysNothing() {
        let past = [
            PastJob(job: job("a", task: "mmlu"), seconds: 1),
            PastJob(job: job("a", threads: 4), seconds: 1),
        ]
        #expect(TimePrediction(job("a"), past: past, rates: nil) == nil)
        #expect(TimePrediction(job(nil), past: [], rates: nil) == nil)
        // Not known is not the same as another that is not known.
        var unknown = job(nil)
        unknown.cost = nil
        #expect(
            TimePrediction(unknown, past: [PastJob(job: unknown, seconds: 1)], rates: nil) == nil)
    }

    // MARK: - Room

    @Test func whatDoesNotFitIsSaidWithItsParts() throws {
        let memory = try #require(Self.footprint).memory(
            positions: 16, computation: .f32, threads: 1)
        let needs = JobNeeds(
            downloadBytes: 3_000_000_000, fetchedBytes: 3_000_000_000, copyBytes: 1_000_000_000,
            memory: memory)
        let enough = Int64(memory.total)
        #expect(needs.diskBytes == 4_000_000_000)
        #expect(
            needs.misfit(in: MachineRoom(memoryBytes: enough, diskBytes: 4_000_000_000)) == nil)
        #expect(needs.misfit(in: MachineRoom(memoryBytes: nil, diskBytes: nil)) == nil)
        let small = needs.misfit(in: MachineRoom(memoryBytes: enough - 1, diskBytes: nil))
        #expect(small?.hasPrefix("won't fit: it needs ") == true)
        #expect(small?.contains("of memory (weights 174.3 kB, keys and values ") == true)
        let full = needs.misfit(in: MachineRoom(memoryBytes: enough, diskBytes: 3_999_999_999))
        #expect(
            full?.hasPrefix(
                "won't fit: it needs 4.0 GB of disk (download 3.0 GB, converted copy 1.0 GB), ")
                == true)
    }

    @Test func whatIsNotKnownIsNotZero() {
        #expect(JobNeeds(fetchedBytes: nil, copyBytes: 5).diskBytes == nil)
        #expect(JobNeeds(fetchedBytes: 0, copyBytes: 0).diskBytes == 0)
        #expect(JobNeeds().misfit(in: MachineRoom(memoryBytes: 1, diskBytes: 1)) == nil)
    }
}
