#if os(Linux)
    import Basics
    import Glibc
    import TestSupport
    import Testing

    /// Cells of a matrix as job arrays: the scripts everywhere, and a real Slurm where it is
    /// installed.
    @Suite(.serialized) struct SlurmTests {
        /// Twelve cells of some seconds.
        private static let manifest = """
            name: twelve
            seed: 7
            matrix:
              model: [tiny]
              quantization: [as-stored, q8_0]
              task: [s0, s1, s2, s3, s4, s5]
              hardware: [one]
            models: {tiny: {path: tiny.gguf}}
            tasks:
              s0: {kind: mmlu, num_fewshot: 0}
              s1: {kind: mmlu, num_fewshot: 1}
              s2: {kind: mmlu, num_fewshot: 2}
              s3: {kind: mmlu, num_fewshot: 3}
              s4: {kind: mmlu, num_fewshot: 4}
              s5: {kind: mmlu, num_fewshot: 5}
            hardware: {one: {backend: cpu, threads: 1, compute: f32}}
            """
        private static let experiment = "experiments/little.yaml"

        @Test func scriptsHoldTheCellsInTheOrderOfTheirWeights() throws {
            let manifest = Self.manifest.replacing(
                "hardware: [one]", with: "hardware: [one, two]"
            ).replacing(
                "one: {backend: cpu, threads: 1, compute: f32}",
                with: "one: {backend: cpu, threads: 1}, two: {backend: cpu, threads: 2}"
            ).replacing("[s0, s1, s2, s3, s4, s5]", with: "[s0, s1]")
            let project = try ProjectFolder(manifest: manifest)
            let profile = try project.write(
                """
                #SBATCH --time=02:00:00
                module load tools
                # hardware: two
                #SBATCH --constraint=large
                """, to: "cluster.sh")
            let submit = try project.run(
                "submit", "--slurm", Self.experiment, "--profile", profile, "--at-once", "3",
                "--write-only")
            #expect(submit.status == 0, "\(submit.errors)")
            #expect(submit.errors.hasPrefix("8 cells in 2 arrays: "))
            #expect(
                try project.text(of: "twelve.slurm/array-1.cells") == """
                    1 tiny as-stored s0 one
                    3 tiny as-stored s1 one
                    5 tiny q8_0 s0 one
                    7 tiny q8_0 s1 one

                    """)
            let (one, two) = (
                try project.text(of: "twelve.slurm/array-1.sbatch"),
                try project.text(of: "twelve.slurm/array-2.sbatch")
            )
            for script in [one, two] {
                for line in [
                    "#SBATCH --array=0-3%3", "#SBATCH --requeue", "#SBATCH --signal=B:USR1@60",
                    "#SBATCH --time=02:00:00", "module load tools",
                ] {
                    #expect(script.split(separator: "\n").contains { $0 == line }, "\(line)")
                }
            }
            #expect(one.contains("--cpus-per-task=1\n") && two.contains("--cpus-per-task=2\n"))
            #expect(!one.contains("--constraint") && two.contains("--constraint=large\n"))
            // The manifest is the one that was submitted, or the cell refuses to run.
            let cell = ["run", Self.experiment, "--cell", "1", "--db", "cell.sqlite"]
            let digest = String(
                one.components(separatedBy: "--manifest-digest ")[1].prefix { $0 != " " })
            #expect(try project.tool.run(cell + ["--manifest-digest", digest]).status == 0)
            try project.write(manifest + "\n", to: Self.experiment)
            let changed = try project.tool.run(cell + ["--manifest-digest", digest])
            #expect(
                changed.status == 2 && changed.errors.contains("has changed since it was submitted")
            )
            #expect(try project.run("submit", Self.experiment).errors.contains("--slurm"))
        }

        @Test func commandsPerCellAndSharesCoverThePlanOnce() throws {
            let project = try ProjectFolder(
                manifest: Self.manifest.replacing("[s0, s1, s2, s3, s4, s5]", with: "[s0, s1]")
                    .replacing("num_fewshot: 0", with: "num_fewshot: 0, limit: 1"))
            let commands = try project.run("plan", Self.experiment, "--commands").lines
            #expect(commands.count == 4)
            #expect(
                commands.first
                    == "mkdir -p twelve.cells && billion run experiments/little.yaml --cell 1 "
                    + "--db twelve.cells/cell-1.sqlite")
            for share in ["1/2", "2/2"] {
                let run = try project.run(
                    "run", Self.experiment, "--shard", share, "--db",
                    "part-\(share.prefix(1)).sqlite")
                #expect(run.status == 0 && run.errors.contains("2 jobs in "), "\(run.errors)")
            }
            let merge = try project.run("merge", "part-1.sqlite", "part-2.sqlite")
            #expect(
                merge.errors == "2 files: 2 new runs, 4 new attempts, 0 were here already.\n")
            #expect(
                try project.rows("SELECT count(DISTINCT job_id) FROM results") == [["4"]])
            let again = try project.run("merge", "part-1.sqlite", "part-2.sqlite")
            #expect(
                again.errors == "2 files: 0 new runs, 0 new attempts, 4 were here already.\n")
            let rest = try project.run("run", Self.experiment)
            #expect(rest.errors.hasPrefix("Nothing left to do: 4 jobs are done already"))
            for wrong in ["0/2", "3/2", "x", "1/0"] {
                #expect(try project.run("run", Self.experiment, "--shard", wrong).status == 2)
            }
        }

        /// A small one always; with blows when slow.
        @Test(.enabled(if: SlurmTestBed.obstacle == nil, "\(SlurmTestBed.obstacle ?? "")"))
        func arraysOnARealSlurm() throws {
            let isSlow = SharedData.runsSlowTests
            let manifest =
                isSlow
                ? Self.manifest
                : Self.manifest.replacing("[s0, s1, s2, s3, s4, s5]", with: "[s0, s1]")
                    .replacing("num_fewshot: 0", with: "num_fewshot: 0, limit: 1")
                    .replacing("num_fewshot: 1", with: "num_fewshot: 1, limit: 1")
            let cells = isSlow ? 12 : 4
            let project = try ProjectFolder(manifest: manifest)
            let slurm = try SlurmTestBed()
            // Cells are done in a second: a pause before each gives the blows time to fall.
            let profile = try project.write(isSlow ? "sleep 3\n" : "", to: "cluster.sh")
            let submit = [
                "submit", "--slurm", Self.experiment, "--at-once", "2", "--folder", "far",
                "--profile", profile,
            ]
            let first = try project.tool.run(submit, setting: slurm.environment)
            #expect(first.status == 0, "\(first.errors)")
            #expect(first.lines.count == 2)
            if isSlow { try strike(slurm, project) }
            try waitForEnd(of: slurm, cells: cells)
            if isSlow {
                // The cancelled one has no result: what is left is submitted again.
                #expect(try project.rows("SELECT DISTINCT job_id FROM results").count < cells)
                let second = try project.tool.run(submit, setting: slurm.environment)
                #expect(second.status == 0, "\(second.errors)")
                try waitForEnd(of: slurm, cells: cells)
            }
            #expect(
                try project.rows("SELECT DISTINCT job_id FROM results WHERE status = 'done'").count
                    == cells)
            let samples = try project.rows(
                "SELECT DISTINCT count(*) = count(DISTINCT sample_index), "
                    + "count(*) = max(sample_index) + 1 FROM samples GROUP BY job_id")
            #expect(samples == [["1", "1"]])
            let before = try project.rows("SELECT count(*) FROM attempts")
            let files = try FileSystem.names(in: project["far/cells"])
                .filter { $0.hasSuffix(".sqlite") }.map { "far/cells/\($0)" }.sorted()
            #expect(files.count == cells)
            for _ in 0..<2 {
                let merge = try project.tool.run(["merge"] + files)
                #expect(merge.errors.contains(" 0 new runs, 0 new attempts, "), "\(merge.errors)")
            }
            #expect(try project.rows("SELECT count(*) FROM attempts") == before)
            print("\(cells) cells by Slurm: attempts \(before[0][0] ?? "")")
        }

        /// One task is cancelled, one put back, one runs out of time, and the node's daemon dies.
        private func strike(_ slurm: SlurmTestBed, _ project: ProjectFolder) throws {
            func running() throws -> [String] {
                try slurm.ask("squeue", "-h", "-r", "-t", "RUNNING", "-o", "%F_%K %j")
                    .split(separator: "\n").filter { !$0.hasSuffix("-merge") }
                    .compactMap { $0.split(separator: " ").first.map(String.init) }.sorted()
            }
            try slurm.wait("two running tasks", seconds: 60) { try running().count == 2 }
            let tasks = try running()
            try slurm.ask("scancel", tasks[0])
            try slurm.ask("scontrol", "requeue", tasks[1])
            try slurm.wait("other tasks", seconds: 120) {
                try running().contains { !tasks.contains($0) }
            }
            let late = try #require(try running().first { !tasks.contains($0) })
            try slurm.ask("scontrol", "update", "JobId=\(late)", "TimeLimit=1")
            try slurm.killNode()
            sleep(2)
            try slurm.startNode()
        }

        private func waitForEnd(of slurm: SlurmTestBed, cells: Int) throws {
            try slurm.wait("the end of the queue", seconds: 900) {
                try slurm.ask("squeue", "-h").isEmpty
            }
        }
    }
#endif
