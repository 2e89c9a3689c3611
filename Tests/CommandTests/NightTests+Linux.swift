#if os(Linux)
    import Basics
    import Glibc
    import Store
    import TestSupport
    import Testing

    /// What one sees of a run from another terminal, and how it ends before its time.
    @Suite(.serialized) struct NightTests {
        private static let manifest = """
            name: night
            seed: 7
            timeout: 10 min
            matrix:
              model: [tiny]
              quantization: [as-stored, q8_0]
              task: [zero, one]
              hardware: [one]
            models: {tiny: {path: tiny.gguf}}
            tasks:
              zero: {kind: mmlu, num_fewshot: 0}
              one: {kind: mmlu, num_fewshot: 5}
            hardware: {one: {backend: cpu, threads: 1, compute: f32}}
            """
        private static let run = ["run", "experiments/little.yaml"]

        private func waitForSamples(_ project: ProjectFolder) throws {
            for _ in 0..<600 {
                usleep(20_000)
                guard FileSystem.exists(project.databasePath) else { continue }
                let rows = try? project.rows("SELECT 1 FROM attempt_samples LIMIT 1")
                if rows?.isEmpty == false { return }
            }
            Issue.record("no sample within twelve seconds")
        }

        @Test func aRunIsSeenAndOneJobOfItIsCancelled() throws {
            // Slow enough to be looked at, and then held until it is cancelled.
            let project = try ProjectFolder(manifest: Self.manifest, instructions: "scalar")
            let running = RunningTool(project, Self.run)
            let runner = try #require(running.pid())
            try waitForSamples(project)
            let child = try #require(ProjectProcesses(project).children(of: runner).first)
            try #require(kill(child, SIGSTOP) == 0)
            let status = try project.run("status")
            #expect(status.lines.first?.hasPrefix("run 1  night  running  since ") == true)
            #expect(status.output.contains("job 1 of 4: tiny as-stored zero one"))
            let cancel = try project.run("cancel", "tiny", "as-stored", "zero", "one")
            #expect(
                cancel.status == 0 && cancel.errors.hasSuffix(": failed.\n"), "\(cancel.errors)")
            let result = try running.wait()
            #expect(result.status == 1)
            #expect(result.errors.contains("3 done, 1 failed (1 cancelled)"), "\(result.errors)")
            #expect(try project.run("status").lines.first == "No run goes on. The newest:")
            let runs = try project.run("runs").lines
            #expect(runs.count == 2 && runs[1].contains("3 done, 1 failed (1 cancelled)"))
            #expect(try project.rows("SELECT count(*) FROM run_heartbeats") == [["0"]])
            // Taken off once is not taken off for ever, and its finished samples stay.
            let again = try project.tool.run(Self.run)
            #expect(again.status == 0 && again.errors.contains("1 done, 3 done before"))
            let log = try project.run("log", "tiny", "as-stored", "zero", "one")
            #expect(log.status == 0 && log.errors.contains("done in run 2"))
            #expect(log.output.contains("tiny as-stored zero one\n"))
        }

        /// Ctrl-C once and SIGTERM: behind the sample at hand, 130 within five seconds.
        @Test(arguments: [(SIGINT, 1), (SIGTERM, 1), (SIGINT, 2)])
        func signalsEndItWithinFiveSeconds(signal: Int32, times: Int) throws {
            let project = try ProjectFolder(manifest: Self.manifest)
            let running = RunningTool(project, Self.run)
            let runner = try #require(running.pid())
            try waitForSamples(project)
            let start = ContinuousClock.now
            for _ in 0..<times {
                kill(runner, signal)
                usleep(50_000)
            }
            let result = try running.wait()
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            #expect(result.status == 130)
            #expect(seconds < 5, "\(seconds) s")
            #expect(result.errors.hasSuffix("billion run experiments/little.yaml\n"))
            #expect(ProjectProcesses(project).areGone())
            print("signal \(signal) \(times) times: ended after \(seconds) s")
            let kept = try project.rows("SELECT count(*) FROM attempt_samples")[0][0] ?? "0"
            #expect(Int(kept) ?? 0 > 0)
        }

        @Test func theTimeIsUpAndTheSameCommandGoesOn() throws {
            let project = try ProjectFolder(manifest: Self.manifest)
            let first = try project.tool.run(Self.run + ["--max-hours", "0.0005"])
            // On a quick machine all may be done in two seconds.
            if first.status == 130 {
                #expect(
                    first.errors.hasSuffix(
                        "The time is up; what is finished is kept. Go on with: "
                            + "billion run experiments/little.yaml\n"))
                #expect(try project.rows("SELECT status FROM runs") == [["interrupted"]])
            }
            #expect(try project.tool.run(Self.run).status == 0)
            #expect(
                try project.rows(
                    "SELECT DISTINCT count(*), count(DISTINCT sample_index) FROM samples "
                        + "GROUP BY job_id") == [["220", "220"]])
            for wrong in ["7", "25:00", "soon"] {
                #expect(try project.tool.run(Self.run + ["--until", wrong]).status == 2)
            }
        }

        /// The runner itself costs nearly nothing while a job runs.
        @Test func theRunnerLeavesTheProcessorsToTheJob() throws {
            let project = try ProjectFolder(
                manifest: Self.manifest.replacing(
                    "zero: {kind: mmlu, num_fewshot: 0}",
                    with: "zero: {kind: memory, n_prompt: 64, n_gen: 1000000}"))
            let running = RunningTool(project, Self.run)
            let runner = try #require(running.pid())
            sleep(2)
            let (start, before) = (ContinuousClock.now, try ticks(of: runner))
            sleep(SharedData.runsSlowTests ? 30 : 6)
            let used = Double(try ticks(of: runner) - before) / Double(sysconf(Int32(_SC_CLK_TCK)))
            let share = used / ((ContinuousClock.now - start) / .seconds(1))
            kill(runner, SIGINT)
            kill(runner, SIGINT)
            _ = try running.wait()
            print("the runner used \(NumberFormat.fixed(100 * share, 2)) % of a core")
            // A tick is a hundredth of a second, and two of them are 0.3 % of six seconds.
            #expect(share < 0.01)
        }

        /// User and system time of one process.
        private func ticks(of process: pid_t) throws -> Int {
            let text = String(decoding: try FileSystem.read("/proc/\(process)/stat"), as: UTF8.self)
            let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
            return (Int(fields[12]) ?? 0) + (Int(fields[13]) ?? 0)
        }
    }
#endif
