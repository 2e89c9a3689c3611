#if os(Linux)
    import Basics
    import Glibc
    import Store
    import Synchronization
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
        /// Some hundred milliseconds a job and 8 jobs, so that a blow may hit anything.
        private static let manifest = """
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
            """

        private static let run = ["run", "experiments/little.yaml"]

        private enum Victim { case runner, child }
        /// What happens to a database before it may finish; a run goes on after its child's end.
        private static let blows: [Victim] = [.runner, .runner, .runner, .child]

        /// What an undisturbed run leaves: the digest of every job whose numbers are not timings.
        private static let digests = """
            SELECT j.quantization, j.task, a.digest FROM attempts a JOIN jobs j ON j.id = a.job_id
            WHERE a.status = 'done' AND j.task_kind = 'mmlu' ORDER BY 1, 2, 3
            """

        private struct Undisturbed {
            var digests: [[String?]]
            var seconds: Double
        }

        private static let undisturbed = Result {
            let project = try ProjectFolder(manifest: manifest)
            let result = try project.tool.run(run)
            try #require(result.status == 0, "\(result.errors)")
            return Undisturbed(digests: try project.rows(digests), seconds: result.seconds)
        }

        /// A dozen blows, or as many as `BILLION_SLOW_TESTS` asks for, over several databases.
        @Test func killedAtAnyMomentItResumes() throws {
            let wanted = SharedData.runsSlowTests ? 200 : 12
            let undisturbed = try Self.undisturbed.get()
            var blows = (runner: 0, child: 0)
            while blows.runner + blows.child < wanted {
                let project = try ProjectFolder(manifest: Self.manifest)
                let processes = ProjectProcesses(project)
                for victim in Self.blows {
                    let delay = Double.random(in: 0..<0.35) * undisturbed.seconds
                    guard try strike(victim, in: project, after: delay) else { continue }
                    if victim == .runner { blows.runner += 1 } else { blows.child += 1 }
                    #expect(processes.areGone(), "after a blow at the \(victim)")
                    try expectSoundDatabase(of: project)
                }
                let resumed = try project.tool.run(Self.run)
                #expect(resumed.status == 0, "\(resumed.errors)")
                #expect(processes.areGone())
                try expectSoundDatabase(of: project)
                #expect(try project.files == ["COMPARISON.md", "runs.sqlite"])
                #expect(try project.rows(Self.digests) == undisturbed.digests)
                let samples = """
                    SELECT count(*), count(DISTINCT sample_index), max(sample_index) FROM samples
                    GROUP BY job_id ORDER BY 1
                    """
                let counts = [20, 20, 20, 20, 30, 30]
                #expect(
                    try project.rows(samples) == counts.map { ["\($0)", "\($0)", "\($0 - 1)"] })
                let again = try project.tool.run(Self.run)
                #expect(again.errors.hasPrefix("Nothing left to do: 8 jobs are done already"))
                #expect(try project.run("report", "--check").status == 0)
                // A killed run does not pass for one that goes on.
                #expect(try project.rows("SELECT 1 FROM runs WHERE status = 'running'").isEmpty)
            }
            #expect(blows.runner > 0 && blows.child > 0)
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
                    #expect(result.errors.contains(" 1 failed.\n"), "\(result.errors)")
                }
                #expect(try project.files == ["COMPARISON.md", "runs.sqlite"])
            }
            return true
        }

        /// What other programs see, before any run has mended anything.
        private func expectSoundDatabase(of project: ProjectFolder) throws {
            guard FileSystem.exists(project.databasePath) else { return }
            let check = try project.run("query", "PRAGMA quick_check", "--csv")
            // The first moments: still empty, or in the middle of making the tables.
            let early = ["there is no such database", "its schema is version 0, "]
            if early.contains(where: check.errors.contains) { return }
            #expect(check.output == "quick_check\r\nok\r\n", "\(check.errors)")
        }

        @Test func interruptedItSaysHowToGoOn() throws {
            let project = try ProjectFolder(
                manifest: Self.manifest.replacing("n_gen: 2000", with: "n_gen: 1000000"))
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
            try project.write(Self.manifest, to: "experiments/little.yaml")
            #expect(try project.tool.run(Self.run).status == 0)
        }
    }
#endif
