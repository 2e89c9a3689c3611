import Basics
import Store
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// `run` and what follows it: the plan, the rows, the report, the queries.
@Suite struct RunTests {
    private static let experiment = "experiments/little.yaml"
    private static let names = [
        "tiny as-stored speed one", "tiny as-stored memory one", "tiny as-stored mmlu one",
        "tiny as-stored zero-shot one", "tiny q8_0 speed one", "tiny q8_0 memory one",
        "tiny q8_0 mmlu one", "tiny q8_0 zero-shot one",
    ]

    /// The first call measures, the second one has nothing to do, `--fresh` measures again.
    @Test(.enabled(if: CommandLineTool.isReleaseBuild, "timings need a release build"))
    func rowsThenNothingThenFreshRows() throws {
        let project = try ProjectFolder(manifest: ProjectFolder.manifest)
        let plan = try project.run("plan", Self.experiment)
        /// Every line of the table is a job with this state, and the line after it counts them.
        func isPlanned(_ plan: CommandLineTool.Result, _ state: String, _ counts: String) -> Bool {
            let jobs = plan.lines.dropFirst().prefix(Self.names.count)
            return plan.lines[0].hasSuffix("  state")
                && zip(jobs, Self.names).enumerated().allSatisfy { index, pair in
                    pair.0.hasPrefix("  \(index + 1)  \(pair.1) ") && pair.0.hasSuffix("  \(state)")
                } && plan.lines[Self.names.count + 1] == counts
        }
        #expect(isPlanned(plan, "to do", "8 jobs: 8 to do."), "\(plan.output)")
        #expect(plan.output.contains("Minutes: nothing like these jobs was measured here.\n"))
        #expect(plan.output.contains("plan experiments/little.yaml --probe"))
        #expect(plan.status == 0 && plan.errors.isEmpty)
        // Planning leaves nothing behind.
        #expect(try project.files.isEmpty)
        let dry = try project.run("run", Self.experiment, "--dry-run")
        #expect(isPlanned(dry, "to do", "8 jobs: 8 to do."))
        #expect(try project.files.isEmpty)

        let first = try project.run("run", Self.experiment)
        #expect(first.status == 0, "\(first.errors)")
        for (index, name) in Self.names.enumerated() {
            #expect(first.errors.contains("job \(index + 1) of 8: \(name)\n"))
        }
        #expect(first.errors.contains(": 8 done"))
        #expect(first.errors.hasSuffix("Report: COMPARISON.md\n"))
        #expect(first.lines.count == 4)
        #expect(
            first.lines[0].split(separator: " ")
                == ("model quantization mmlu mini-mmlu % zero-shot mini-mmlu % pp16 t/s tg8 t/s "
                + "peak MiB").split(separator: " "))
        #expect(first.lines[2].hasPrefix("tiny   as-stored "))
        #expect(first.lines[3].hasPrefix("tiny   q8_0      "))
        #expect(try project.files == ["COMPARISON.md", "runs.sqlite"])
        #expect(
            try project.rows("SELECT status, count(*) FROM attempts GROUP BY 1") == [["done", "8"]])
        #expect(try project.rows("SELECT count(*) FROM samples") == [["100"]])
        #expect(isPlanned(try project.run("plan", Self.experiment), "done", "8 jobs: 8 done."))

        let report = try project.text(of: "COMPARISON.md")
        var fastest = Double.infinity
        for _ in 0..<3 {
            let second = try project.run("run", Self.experiment)
            #expect(second.status == 0 && second.output == first.output)
            #expect(
                second.errors == """
                    Nothing left to do: 8 jobs are done already on this machine.
                    To measure again beside the old rows: billion run \(Self.experiment) --fresh
                    Report: COMPARISON.md

                    """)
            fastest = min(fastest, second.seconds)
            if fastest < 2 { break }
        }
        #expect(fastest < 2)
        #expect(try project.text(of: "COMPARISON.md") == report)
        #expect(try project.rows("SELECT count(*) FROM runs") == [["1"]])

        let again = try project.run("plan", Self.experiment, "--fresh")
        #expect(isPlanned(again, "to do", "8 jobs: 8 to do."))
        #expect(again.output.contains("(8 as measured here before)."))
        let fresh = try project.run("run", Self.experiment, "--fresh")
        #expect(fresh.status == 0 && fresh.errors.contains(": 8 done"))
        #expect(
            try project.rows("SELECT run_id, status, count(*) FROM attempts GROUP BY 1, 2")
                == [["1", "done", "8"], ["2", "done", "8"]])
        #expect(try project.rows("SELECT count(*) FROM samples") == [["100"]])
        #expect(try project.files == ["COMPARISON.md", "runs.sqlite"])
    }

    /// The engine's own numbers: the same again in a new process, and the metrics that the
    /// views promise.
    @Test func rowsHaveWhatTheViewsPromise() throws {
        let project = try ProjectFolder(manifest: Self.questions)
        #expect(try project.run("run", Self.experiment).status == 0)
        let metrics = try project.rows(
            "SELECT DISTINCT metric, unit, higher_is_better FROM results WHERE metric NOT GLOB '*/*' "
                + "ORDER BY metric")
        #expect(
            metrics == [
                ["acc", "fraction", "1"], ["acc_macro", "fraction", "1"],
                ["acc_stderr", "fraction", nil],
                ["kv_bytes_per_token", "bytes", "0"], ["load_seconds", "s", "0"],
                ["peak_resident_bytes", "bytes", "0"], ["weights_bytes", "bytes", "0"],
            ])
        let sizes = try project.rows(
            "SELECT quantization, weights_bytes, kv_bytes_per_token, pp IS NULL "
                + "FROM leaderboard ORDER BY quantization")
        #expect(
            sizes == [
                ["as-stored", "383744.0", "512.0", "1"], ["q8_0", "102872.0", "512.0", "1"],
            ])
        let sum = try project.rows(
            "SELECT count(*), count(DISTINCT job_id), min(json_array_length(logprobs)), "
                + "sum(correct = (prediction = answer)) FROM samples")
        #expect(sum == [["40", "2", "4", "40"]])
        let sql = "SELECT quantization, sample_index, question, logprobs FROM samples ORDER BY 1, 2"
        let before = try project.rows(sql)
        #expect(try project.run("run", Self.experiment, "--fresh").status == 0)
        #expect(try project.rows(sql) == before)
        // Nothing was timed: there is no column for it.
        let again = try project.run("run", Self.experiment)
        #expect(again.lines.count == 4 && !again.output.contains("t/s"), "\(again.output)")
        #expect(again.lines[0].hasPrefix("model  quantization  mini-mmlu %  peak MiB"))
    }

    /// Memory and questions, which a debug build measures too.
    static let questions = """
        name: questions
        matrix:
          model: [tiny]
          quantization: [as-stored, q8_0]
          task: [memory, mmlu]
          hardware: [one]
        models: {tiny: {path: tiny.gguf}}
        tasks:
          memory: {n_prompt: 16, n_gen: 4}
          mmlu: {num_fewshot: 0, limit: 2}
        hardware: {one: {backend: cpu, threads: 1, compute: f32}}
        """

    @Test func theReportIsCheckedByteForByte() throws {
        let project = try ProjectFolder(manifest: Self.questions)
        #expect(try project.run("run", Self.experiment).status == 0)
        let path = project["COMPARISON.md"]
        let text = try project.text(of: "COMPARISON.md")

        let check = try project.run("report", "--check")
        #expect(check.status == 0 && check.output.isEmpty)
        #expect(check.errors == "\(path): as the database says.\n")
        #expect(try project.run("report", "--output", "-").output == text)

        try project.write(
            text.replacing("tiny", with: "Tiny", maxReplacements: 1), to: "COMPARISON.md")
        let changed = try project.run("report", "--check")
        #expect(changed.status == 1 && changed.output.isEmpty)
        #expect(changed.errors.hasPrefix("\(path): line "))
        #expect(changed.errors.hasSuffix("\nWrite it again with: billion report\n"))
        for edited in [String(text.dropLast()), text + "\n", text.replacing("\n", with: "\r\n")] {
            try project.write(edited, to: "COMPARISON.md")
            #expect(try project.run("report", "--check").status == 1)
        }
        let written = try project.run("report")
        #expect(written.status == 0 && written.errors == "Report: \(path)\n")
        #expect(try project.text(of: "COMPARISON.md") == text)
        #expect(try project.run("report", "--check").status == 0)
        #expect(try project.files == ["COMPARISON.md", "runs.sqlite"])

        try FileSystem.remove(path)
        let gone = try project.run("report", "--check")
        #expect(gone.status == 1)
        #expect(
            gone.errors == "\(path): there is no such file.\nWrite it again with: billion report\n")
    }

    /// Reading works where nothing can be written.
    @Test(.enabled(if: getuid() != 0, "root is not stopped by permissions"))
    func aReadOnlyFolderIsEnoughForReading() throws {
        let project = try ProjectFolder(manifest: Self.questions)
        #expect(try project.run("run", Self.experiment).status == 0)
        chmod(project.databasePath, 0o444)
        chmod(project.folder, 0o555)
        defer { chmod(project.folder, 0o755) }
        #expect(try project.run("report", "--check").status == 0)
        #expect(try project.run("query", "SELECT count(*) AS n FROM samples").lines.last == "40")
        #expect(try project.run("plan", Self.experiment).lines.last == "4 jobs: 4 done.")
        let run = try project.run("run", Self.experiment, "--fresh")
        #expect(run.status == 2 && run.errors.hasPrefix("billion run: "))
    }

    private static let columnsOfResults =
        "\nThe columns of results: run_id, job_id, host, model, quantization, task, hardware, metric, "
        + "value, unit, higher_is_better, n, stddev, ci_low, ci_high, status, cause, noisy, "
        + "experiment."

    @Test func queriesReadAndNothingElse() throws {
        let project = try ProjectFolder(manifest: Self.questions)
        #expect(try project.run("run", Self.experiment).status == 0)
        let sql = "SELECT 1 AS one, 'a,\"b' AS two, NULL AS three, 0.5 AS four"
        let table = "one  two   three  four\n---  ----  -----  ----\n  1  a,\"b  —       0.5\n"
        #expect(try project.run("query", sql).output == table)
        #expect(
            try project.run("query", sql, "--json").output
                == "[\n  {\"one\": 1, \"two\": \"a,\\\"b\", \"three\": null, \"four\": 0.5}\n]\n")
        #expect(
            try project.run("query", "--csv", sql).output
                == "one,two,three,four\r\n1,\"a,\"\"b\",,0.5\r\n")
        #expect(
            try project.run("query", "SELECT task, count(*) AS n FROM samples GROUP BY task").output
                == "task   n\n----  --\nmmlu  40\n")
        #expect(
            try project.run("query", "SELECT task FROM results WHERE 0").output
                == "task\n----\n(no rows)\n")

        let before = try FileSystem.read(project.databasePath)
        let refusal =
            "billion query: only one SELECT (or WITH … SELECT, VALUES, EXPLAIN, or a PRAGMA that "
            + "sets nothing) is run here; this statement would change something. "
            + "Nothing was changed.\n"
        for write in [
            "DELETE FROM runs", "UPDATE runs SET status = 'x'", "DROP VIEW results",
            "CREATE TABLE x (y)", "ATTACH 'other.sqlite' AS other", "PRAGMA journal_mode = WAL",
            "VACUUM INTO 'copy.sqlite'", "BEGIN IMMEDIATE",
            "WITH x AS (SELECT 1) INSERT INTO runs SELECT * FROM x",
        ] {
            let result = try project.run("query", write)
            #expect(result.status == 2 && result.output.isEmpty, "\(write)")
            #expect(result.errors == refusal, "\(write)")
        }
        for (mistake, message) in [
            (
                "SELECT 1; DELETE FROM runs",
                "expected one statement, found several. Run them one by one."
            ),
            (
                "SELECT modle FROM results",
                "no such column: modle. Did you mean 'model'?" + Self.columnsOfResults
            ),
            (
                "SELECT acc FROM results",
                "no such column: acc. It is a column of leaderboard." + Self.columnsOfResults
            ),
            ("SELECT * FROM result", "no such table: result. Did you mean 'results'?"),
            ("", "expected a statement, found none. For example: SELECT * FROM leaderboard"),
        ] {
            let result = try project.run("query", mistake)
            #expect(result.status == 2 && result.output.isEmpty, "\(mistake)")
            #expect(result.errors == "billion query: \(message)\n")
        }
        #expect(try FileSystem.read(project.databasePath) == before)
        #expect(try project.files == ["COMPARISON.md", "runs.sqlite"])
    }

    /// The folder with `experiments/` is the project, from wherever in it the program is called.
    @Test func theProjectIsTheNearestFolderWithExperiments() throws {
        let project = try ProjectFolder(manifest: Self.questions)
        try FileSystem.makeFolder(project["notes/deep"])
        let run = try project.run(
            "run", "../../experiments/little.yaml", in: project["notes/deep"])
        #expect(run.status == 0, "\(run.errors)")
        #expect(try project.files == ["COMPARISON.md", "notes", "runs.sqlite"])
        #expect(try FileSystem.names(in: project["notes/deep"]).isEmpty)
        let query = try project.run(
            "query", "SELECT count(*) AS n FROM runs", "--csv", in: project["experiments"])
        #expect(query.output == "n\r\n1\r\n")
        // Without such a folder it is the working folder itself.
        try FileSystem.makeFolder(project.temporary["elsewhere"])
        let elsewhere = try project.run(
            "run", project["experiments/little.yaml"], in: project.temporary["elsewhere"])
        #expect(elsewhere.status == 0)
        #expect(
            try FileSystem.names(in: project.temporary["elsewhere"]).sorted()
                == ["COMPARISON.md", "experiments", "runs.sqlite"])
    }

    /// `--db` keeps to itself: neither the project's database nor its report is touched.
    @Test func anotherDatabaseLeavesTheReportAlone() throws {
        let project = try ProjectFolder(manifest: Self.questions)
        let run = try project.run("run", Self.experiment, "--db", "other.sqlite")
        #expect(run.status == 0)
        #expect(
            run.errors.hasSuffix(
                "The full report: billion report --db other.sqlite --output REPORT.md\n"))
        #expect(try project.files == ["other.sqlite"])
        let refused = try project.run("report", "--db", "other.sqlite")
        #expect(refused.status == 2 && refused.errors.contains("--output FILE"))
        let report = try project.run("report", "--db", "other.sqlite", "--output", "REPORT.md")
        #expect(report.status == 0)
        let check = ["report", "--db", "other.sqlite", "--output", "REPORT.md", "--check"]
        #expect(try project.tool.run(check).status == 0)
        try project.write("x", to: "REPORT.md")
        let differs = try project.tool.run(check)
        #expect(differs.status == 1)
        #expect(
            differs.errors.hasSuffix(
                "Write it again with: billion report --db other.sqlite --output REPORT.md\n"))
        let files = try project.files
        #expect(files.contains("REPORT.md") && files.contains("other.sqlite"))
        #expect(!files.contains("COMPARISON.md") && !files.contains("runs.sqlite"))
    }

    /// Another installation measures for itself, as a fresh clone with a committed database does.
    @Test func anotherInstallationMeasuresAgain() throws {
        let project = try ProjectFolder(manifest: Self.questions)
        #expect(try project.run("run", Self.experiment).status == 0)
        let elsewhere = ["XDG_STATE_HOME": project.temporary["state-2"]]
        let plan = try project.run("plan", Self.experiment, setting: elsewhere)
        #expect(plan.lines.contains("4 jobs: 4 to do."))
        #expect(try project.run("run", Self.experiment, setting: elsewhere).status == 0)
        #expect(try project.rows("SELECT count(*) FROM hosts") == [["2"]])
        #expect(try project.rows("SELECT count(DISTINCT host) FROM leaderboard") == [["2"]])
    }

    /// Another instruction set rounds differently, and is another job.
    @Test func theInstructionSetIsPartOfTheJob() throws {
        let project = try ProjectFolder(manifest: Self.questions)
        #expect(try project.run("run", Self.experiment).status == 0)
        let scalar = ["BILLION_ISA": "scalar"]
        let variants = try project.rows(
            "SELECT DISTINCT value FROM attempt_facts WHERE name = 'kernel_variant'")
        try #require(variants.count == 1)
        // Where the scalar kernels are all there is, nothing is left to do.
        let left = variants[0] == ["\"scalar\""] ? "4 done." : "4 to do."
        let plan = try project.run("plan", Self.experiment, setting: scalar)
        #expect(plan.lines.contains("4 jobs: \(left)"))
    }

    /// What the launcher passes on is shown and stored.
    @Test func commandsAreShownAsTheyAreTyped() throws {
        let project = try ProjectFolder(manifest: Self.questions)
        let launcher = ["BILLION_COMMAND": "./billion", "BILLION_COMMIT": "abc123"]
        #expect(try project.run("run", Self.experiment, setting: launcher).status == 0)
        let again = try project.run("run", Self.experiment, setting: launcher)
        #expect(again.errors.contains(" ./billion run \(Self.experiment) --fresh\n"))
        #expect(try project.rows("SELECT source_commit FROM runs") == [["abc123"]])
    }

    /// The database tells nobody where and by whom it was made.
    @Test func theDatabaseHoldsNoPathUserOrHostName() throws {
        let project = try ProjectFolder(manifest: Self.questions)
        let secrets = [
            "USER": "zaphod-user", "LOGNAME": "zaphod-user", "HOSTNAME": "heart-of-gold",
        ]
        #expect(try project.run("run", Self.experiment, setting: secrets).status == 0)
        // A failure's reason likes to name a file.
        try project.write(
            Self.questions.replacing("tiny.gguf", with: project["cut.gguf"]),
            to: "experiments/cut.yaml")
        try project.writeModel("cut.gguf", keeping: 200_000)
        #expect(try project.run("run", "experiments/cut.yaml", setting: secrets).status == 1)
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let host = String(
            decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var forbidden = secrets.values + [project.temporary.path, SharedData.packageRoot]
        // A very short name is part of many a word.
        if host.count > 4 { forbidden.append(host) }
        let store = try ReadOnlyStore(path: project.databasePath)
        #expect(try store.privacyFindings(forbidden: forbidden).isEmpty)
        let statuses = try project.rows("SELECT status, count(*) FROM attempts GROUP BY 1")
        #expect(statuses == [["done", "4"], ["failed", "4"]])
        store.close()
        let report = try project.text(of: "COMPARISON.md")
        for word in forbidden { #expect(!report.contains(word)) }
    }
}
