import Basics
import TestSupport
import Testing

/// What stands on the screen and in the report when a run is over.
@Suite struct RunEndTests {
    private static let experiment = "experiments/little.yaml"

    /// The end of a run is about the run, whatever else the database holds.
    @Test func theTableIsAboutThisRun() throws {
        let project = try ProjectFolder(manifest: RunTests.questions)
        #expect(try project.run("run", Self.experiment).status == 0)
        let elsewhere = ["XDG_STATE_HOME": project.temporary["state-2"]]
        #expect(try project.run("run", Self.experiment, setting: elsewhere).status == 0)
        try project.write(
            RunTests.questions.replacing("[as-stored, q8_0]", with: "[q4_0]")
                .replacing("[memory, mmlu]", with: "[mmlu]"), to: "experiments/other.yaml")
        let run = try project.run("run", "experiments/other.yaml")
        #expect(run.lines.count == 3 && run.lines[2].hasPrefix("tiny   q4_0 "), "\(run.output)")
        #expect(
            run.errors.contains(
                "Everything in the database: billion query \"SELECT * FROM leaderboard\"\n"))
        // The machine that ran last is first in the report, and is called so.
        let report = try project.text(of: "COMPARISON.md")
        let hosts = report.split(separator: "\n").filter {
            $0.hasPrefix("### ") && $0.contains(" #")
        }
        #expect(hosts.first?.hasSuffix(" (newest run)") == true, "\(hosts)")
        let newest = hosts.filter { $0.hasSuffix(" (newest run)") }
        #expect(Set(newest.map { $0.suffix(18) }).count == 1, "\(newest)")
        #expect(newest.count < hosts.count)
        #expect(try project.run("report", "--check").status == 0)
        #expect(
            try project.rows(
                "SELECT DISTINCT quantization, experiment FROM leaderboard WHERE acc IS NOT NULL "
                    + "ORDER BY 1")
                == [["as-stored", "questions"], ["q4_0", "questions"], ["q8_0", "questions"]])
    }

    /// A file in a format already is not measured twice, once as it is and once in that format.
    @Test func weightsInTheFormatWantedAreNotMeasuredTwice() throws {
        let project = try ProjectFolder(
            manifest: RunTests.questions.replacing(
                "[as-stored, q8_0]", with: "[q8_0, as-stored, q4_0]")
        )
        let made = try project.run(
            "models", "quantize", ProjectFolder.tinyModel, "q8_0", "experiments/q8_0.gguf")
        try #require(made.status == 0, "\(made.errors)")
        try FileSystem.move(project["experiments/q8_0.gguf"], to: project["experiments/tiny.gguf"])
        let plan = try project.run("plan", Self.experiment)
        #expect(plan.status == 0 && plan.lines.contains("6 jobs: 4 to do, 2 repeated."))
        #expect(plan.lines[3].hasSuffix("  same as job 1"))
        #expect(plan.output.hasSuffix("\nJobs 3, 4: repeated: tiny is q8_0 as it is stored\n"))
        let run = try project.run("run", Self.experiment)
        #expect(run.errors.contains(": 4 done, 2 repeated.\n"), "\(run.errors)")
        #expect(
            run.errors.contains(
                "  repeated  jobs 3, 4 of 6: tiny as-stored memory one and 1 more: "
                    + "tiny is q8_0 as it is stored\n"))
        #expect(
            try project.rows("SELECT DISTINCT quantization FROM results ORDER BY 1")
                == [["q4_0"], ["q8_0"]])
    }
}
