#if os(Linux)
    import Basics
    import Glibc
    import Store
    import Synchronization
    import Tasks
    import TestSupport
    import Testing

    /// Processes of one project, found by the environment that they inherited.
    struct ProjectProcesses {
        let entry: [UInt8]

        init(_ project: ProjectFolder) {
            entry = Array("HOME=\(project.temporary.path)/home".utf8)
        }

        /// Ended ones that nobody has waited for have no environment, and are not counted.
        var all: [pid_t] {
            let names = (try? FileSystem.names(in: "/proc")) ?? []
            return names.compactMap { pid_t($0) }.filter { pid in
                let bytes = (try? FileSystem.read("/proc/\(pid)/environ")) ?? []
                return bytes.split(separator: 0).contains { $0.elementsEqual(entry) }
            }
        }

        func children(of runner: pid_t) -> [pid_t] {
            all.filter { pid in
                let stat = (try? FileSystem.read("/proc/\(pid)/stat")) ?? []
                // The name in parentheses may hold anything; the parent is the second word after.
                let words = stat.split(separator: UInt8(ascii: ")")).last?.split(separator: 32)
                return words?.dropFirst().first.flatMap {
                    pid_t(String(decoding: $0, as: UTF8.self))
                }
                    == runner
            }
        }

        /// Waits until no process is left.
        func areGone(within limit: Duration = .seconds(10)) -> Bool {
            let deadline = ContinuousClock.now + limit
            while !all.isEmpty {
                if ContinuousClock.now > deadline { return false }
                usleep(10_000)
            }
            return true
        }
    }

    /// A call that goes on in another thread, so that it can be interfered with.
    final class RunningTool: Sendable {
        private let result = Mutex<Swift.Result<CommandLineTool.Result, any Error>?>(nil)
        private let processes: ProjectProcesses

        init(_ project: ProjectFolder, _ arguments: [String]) {
            processes = ProjectProcesses(project)
            WorkerThread.start { [self] in
                let outcome = Swift.Result { try project.tool.run(arguments) }
                result.withLock { $0 = outcome }
            }
        }

        var hasEnded: Bool { result.withLock { $0 != nil } }

        /// The runner's process: the one whose parent is this test.
        func pid() -> pid_t? {
            while !hasEnded {
                if let pid = processes.children(of: getpid()).first { return pid }
                usleep(5000)
            }
            return nil
        }

        func wait() throws -> CommandLineTool.Result {
            while true {
                if let outcome = result.withLock({ $0 }) { return try outcome.get() }
                usleep(2000)
            }
        }
    }

    /// kill -9 and Ctrl-C at any moment: what is finished is kept, what is not is done again, and
    /// nothing is left running.
    @Suite(.serialized) struct KillTests {
        /// A matrix, and how what it leaves is compared with what an undisturbed run leaves.
        private struct Matrix: Sendable {
            let manifest: String
            /// Files of the project beside the manifest and its model.
            var files: [String: String] = [:]
            /// Finished numbers that are no timings.
            let results: String

            func project() throws -> ProjectFolder {
                let project = try ProjectFolder(manifest: manifest)
                for (name, text) in files { try project.write(text, to: name) }
                return project
            }
        }

        /// Some hundred milliseconds a job and 8 jobs, so that a blow may hit anything.
        private static let little = Matrix(
            manifest: """
                name: kills
                seed: 7
                matrix:
                  model: [tiny]
                  quantization: [as-stored, q8_0]
                  task: [memory, mmlu, one-shot, five-shot]
                  hardware: [one]
                models: {tiny: {path: tiny.gguf}}
                tasks:
                  memory: {n_prompt: 64, n_gen: 2000}
                  mmlu: {num_fewshot: 0, limit: 3}
                  one-shot: {kind: mmlu, num_fewshot: 1, limit: 2}
                  five-shot: {kind: mmlu, num_fewshot: 5, limit: 2}
                hardware: {one: {backend: cpu, threads: 1, compute: f32}}
                """,
            results: """
                SELECT j.quantization, j.task, a.digest, (SELECT count(*) || ' ' || max(sample_index)
                    FROM attempt_samples WHERE attempt_id = a.id)
                FROM attempts a JOIN jobs j ON j.id = a.job_id
                WHERE a.status = 'done' AND j.task_kind = 'mmlu' ORDER BY 1, 2, 3
                """)

        /// Kinds that a model without a chat template cannot do.
        private static let kindsLeftOut = ["humaneval_instruct"]

        /// All kinds of tasks.
        private static let allKinds = Matrix(
            manifest: """
                name: kills
                seed: 7
                matrix:
                  model: [tiny]
                  quantization: [as-stored, q8_0]
                  task: [memory, speed, mmlu, fidelity, humaneval, lora, speculative]
                  hardware: [one]
                models: {tiny: {path: tiny.gguf}}
                tasks:
                  memory: {n_prompt: 64, n_gen: 2000}
                  speed: {n_prompt: 16, n_gen: 16, repetitions: 2}
                  mmlu: {num_fewshot: 1, limit: 10}
                  fidelity: {n_ctx: 64, chunks: 8, num_fewshot: 0, limit: 4}
                  humaneval: {limit: 4, repeats: 2, temperature: 0.8, max_gen_toks: 24}
                  lora: {dataset: short, num_train_epochs: 3, save_steps: 2, eval_max_new_tokens: 4,
                    per_device_train_batch_size: 1, gradient_accumulation_steps: 1}
                  speculative: {dataset: short, k: 4, n_gen: 64}
                hardware: {one: {backend: cpu, threads: 1, compute: f32}}
                """,
            files: [
                "datasets/short/train.jsonl": lines(30) {
                    "{\"prompt\": \"\($0) a\", \"completion\": \" b\($0)\"}"
                },
                "datasets/short/test.jsonl": lines(4) {
                    "{\"prompt\": \"\($0) c\", \"completion\": \" d\($0)\"}"
                },
                "datasets/short/prompts.jsonl": lines(20) {
                    "{\"id\": \"p\($0)\", \"category\": \"all\", \"form\": \"text\", "
                        + "\"prompt\": \"\($0): a b a b a b\"}"
                },
            ],
            // Of records everything but times and sizes of memory; of timings only how many.
            results: """
                WITH done AS (
                    SELECT a.id, j.quantization || ' ' || j.task AS job, j.task_kind AS kind
                    FROM attempts a JOIN jobs j ON j.id = a.job_id WHERE a.status = 'done'
                )
                SELECT job, 'record ' || r.kind, record_index, (
                    SELECT json_group_object(key, value) FROM json_each(r.value)
                    WHERE key NOT LIKE '%seconds' AND key NOT LIKE '%_ns' AND key NOT LIKE '%bytes')
                FROM done JOIN attempt_records r ON r.attempt_id = done.id
                WHERE r.kind <> 'timing_condition'
                UNION ALL
                SELECT job, 'sample', sample_index, prediction || ' ' || logprobs
                FROM done JOIN attempt_samples ON attempt_id = done.id
                UNION ALL
                SELECT job, 'timing ' || name, repetition, tokens
                FROM done JOIN attempt_timings ON attempt_id = done.id WHERE kind = 'speed'
                UNION ALL
                SELECT job, 'metric ' || name, NULL, value
                FROM done JOIN attempt_metrics ON attempt_id = done.id
                WHERE kind NOT IN ('memory', 'speed', 'speculative')
                    AND unit NOT IN ('s', 'bytes', 'tokens/s')
                UNION ALL
                SELECT job, 'done', count(*), NULL FROM done GROUP BY job
                ORDER BY 1, 2, 3
                """)

        private static func lines(_ count: Int, _ line: (Int) -> String) -> String {
            (0..<count).map { line($0) + "\n" }.joined()
        }

        @Test func theMatrixHasAllKinds() {
            let kinds = TaskRegistry.all.map { $0.kind }.filter { !Self.kindsLeftOut.contains($0) }
            for kind in kinds { #expect(Self.allKinds.manifest.contains("\n  \(kind): {")) }
        }

        private static let run = ["run", "experiments/little.yaml"]

        private enum Victim { case runner, child }
        /// What happens to a database before it may finish; a run goes on after its child's end.
        private static let blows: [Victim] = [.runner, .runner, .runner, .child]

        /// Every committed result, whatever became of its attempt.
        private static let committed = """
            SELECT count(*) FROM (
                SELECT DISTINCT a.job_id, 'sample', sample_index
                FROM attempts a JOIN attempt_samples ON attempt_id = a.id
                UNION SELECT a.job_id, kind, record_index
                FROM attempts a JOIN attempt_records ON attempt_id = a.id
                UNION SELECT a.job_id, name, repetition
                FROM attempts a JOIN attempt_timings ON attempt_id = a.id)
            """

        /// A dozen blows over several databases.
        @Test func killedAtAnyMomentItResumes() throws { try strike(12, in: Self.little) }

        @Test(
            .enabled(
                if: SharedData.runsSlowTests && CommandLineTool.isReleaseBuild,
                "slow: set BILLION_SLOW_TESTS=1"))
        func killedTwoHundredTimesInAnyTaskItResumes() throws { try strike(200, in: Self.allKinds) }

        private func strike(_ wanted: Int, in matrix: Matrix) throws {
            let untouched = try matrix.project()
            let result = try untouched.tool.run(Self.run)
            try #require(result.status == 0, "\(result.errors)")
            let results = try untouched.rows(matrix.results)
            try #require(!results.isEmpty)
            var blows = (runner: 0, child: 0)
            while blows.runner + blows.child < wanted {
                let project = try matrix.project()
                let processes = ProjectProcesses(project)
                var committed = 0
                for victim in Self.blows {
                    let delay = Double.random(in: 0..<0.35) * result.seconds
                    guard try strike(victim, in: project, after: delay) else { continue }
                    if victim == .runner { blows.runner += 1 } else { blows.child += 1 }
                    #expect(processes.areGone(), "after a blow at the \(victim)")
                    guard try isSound(project) else { continue }
                    let count = Int(try project.rows(Self.committed)[0][0] ?? "") ?? 0
                    #expect(count >= committed, "committed results are lost")
                    committed = count
                }
                let resumed = try project.tool.run(Self.run)
                #expect(resumed.status == 0, "\(resumed.errors)")
                #expect(processes.areGone())
                #expect(try isSound(project))
                #expect(
                    try project.files.filter { $0 != "datasets" } == [
                        "COMPARISON.md", "runs.sqlite",
                    ])
                let found = try project.rows(matrix.results)
                let first = zip(found, results).first { $0 != $1 }
                #expect(found == results, "\(found.count) rows, \(results.count), \(first as Any)")
                let again = try project.tool.run(Self.run)
                #expect(again.errors.hasPrefix("Nothing left to do: "))
                #expect(try project.run("report", "--check").status == 0)
                // A killed run does not pass for one that goes on.
                #expect(try project.rows("SELECT 1 FROM runs WHERE status = 'running'").isEmpty)
            }
            #expect(blows.runner > 0 && blows.child > 0)
            print("\(blows.runner) runners and \(blows.child) children killed")
        }

        /// Kills one process of a new run.
        ///
        /// False when the run was over before.
        private func strike(_ victim: Victim, in project: ProjectFolder, after delay: Double) throws
            -> Bool
        {
            let running = RunningTool(project, Self.run)
            guard let runner = running.pid() else {
                _ = try running.wait()
                return false
            }
            usleep(UInt32(delay * 1e6))
            var target: pid_t? = runner
            if victim == .child {
                target = nil
                while target == nil, !running.hasEnded {
                    usleep(5000)
                    target = ProjectProcesses(project).children(of: runner).first
                }
            }
            guard let target, !running.hasEnded, kill(target, SIGKILL) == 0 else {
                _ = try running.wait()
                return false
            }
            let result = try running.wait()
            switch victim {
            case .runner:
                #expect(result.status == 128 + SIGKILL)
            case .child:
                // One failed row, unless the blow came after its last word.
                #expect(result.status == 1 || result.status == 0, "\(result.errors)")
                if result.status == 1 {
                    #expect(result.errors.contains(" 1 failed"), "\(result.errors)")
                }
                #expect(
                    try project.files.filter { $0 != "datasets" } == [
                        "COMPARISON.md", "runs.sqlite",
                    ])
            }
            return true
        }

        /// What other programs see, before any run has mended anything; false while there is
        /// nothing to see.
        private func isSound(_ project: ProjectFolder) throws -> Bool {
            guard FileSystem.exists(project.databasePath) else { return false }
            let check = try project.run("query", "PRAGMA quick_check", "--csv")
            // The first moments: still empty, or in the middle of making the tables.
            let early = ["there is no such database", "its schema is version 0, "]
            if early.contains(where: check.errors.contains) { return false }
            #expect(check.output == "quick_check\r\nok\r\n", "\(check.errors)")
            return true
        }

        @Test func interruptedItSaysHowToGoOn() throws {
            let project = try ProjectFolder(
                manifest: Self.little.manifest.replacing("n_gen: 2000", with: "n_gen: 1000000"))
            let processes = ProjectProcesses(project)
            let running = RunningTool(project, Self.run)
            let runner = try #require(running.pid())
            while !running.hasEnded, processes.children(of: runner).isEmpty { usleep(10_000) }
            usleep(100_000)
            kill(runner, SIGINT)
            let result = try running.wait()
            #expect(result.status == 130)
            #expect(
                result.errors.contains("  interrupted  job 1 of 8: tiny as-stored memory one\n"))
            // The last thing on the screen, to be copied.
            #expect(
                result.errors.hasSuffix(
                    "Interrupted; what is finished is kept. Go on with: "
                        + "billion run experiments/little.yaml\n"))
            #expect(processes.areGone())
            #expect(try project.files.contains("runs.sqlite"))
            #expect(try project.files.allSatisfy { ["COMPARISON.md", "runs.sqlite"].contains($0) })
            #expect(
                try project.rows("SELECT status FROM attempts UNION ALL SELECT status FROM runs")
                    == [["interrupted"], ["interrupted"]])
            // The same manifest with a job that ends.
            try project.write(Self.little.manifest, to: "experiments/little.yaml")
            #expect(try project.tool.run(Self.run).status == 0)
        }
    }
#endif
