import Basics
import TestSupport
import Testing

/// What stands on the screen and in the report when a run is over.
@Suite struct RunEndTests {
    private static let experiment = "experiments/little.yaml"

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
