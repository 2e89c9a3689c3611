import Experiments
import Reporting
import Store
import Testing

@Suite struct RunTableTests {
    private func lines(_ jobs: [Job], _ values: [[String: Double]]) -> [String] {
        let found = Dictionary(uniqueKeysWithValues: zip(jobs.map(\.id), values))
        let table = RunTable(jobs, RunResults(values: found, jobsOfAll: 9))
        return table.rows.map { $0.joined(separator: "  ") }
    }

    @Test func accuraciesComeBeforeSpeeds() throws {
        let jobs = [
            try Quickstart.job("speed", "q8_0"), try Quickstart.job("memory", "q8_0"),
            try Quickstart.job("mmlu", "q8_0"), try Quickstart.job("humaneval", "q8_0"),
            try Quickstart.job("speed", "q4_0"), try Quickstart.job("mmlu", "q4_0"),
        ]
        let lines = lines(
            jobs,
            [
                ["pp512": 854.44, "tg64": 162.7, "itl_p50": 0.1, "pp512@d64": 1],
                ["peak_resident_bytes": 215_425_024, "load_seconds": 1],
                ["acc": 0.28, "acc/anatomy": 0.1, "acc_macro": 0.3], ["pass@1": 0.05],
                ["pp512": 1222.8, "tg64": 8, "peak_resident_bytes": 1], ["acc": 0.27],
            ])
        #expect(
            lines == [
                "model  quantization  mini-mmlu %  pass@1 %  pp512 t/s  tg64 t/s  "
                    + "peak MiB",
                "---------------------  ------------  -----------  --------  ---------  --------  "
                    + "--------",
                "smollm2-135m-instruct  q8_0         28.0       5.0      854.4     162.7  "
                    + "     205",
                "smollm2-135m-instruct  q4_0         27.0         —     1222.8       8.0  "
                    + "       —",
            ])
    }

    @Test func otherHardwareAndTasksOfOneDatasetAreToldApart() throws {
        var second = try Quickstart.job("mmlu", "q8_0", limit: 3)
        var cell = second.cell
        (cell.task, cell.hardware) = ("zero-shot", "one-thread")
        second = try Job(
            cell: cell, modelDigest: "m", datasetDigest: "d", taskVersion: 1, engineVersion: 1)
        let lines = lines(
            [try Quickstart.job("mmlu", "q8_0"), second], [["acc": 0.28], ["acc": 0.5]])
        #expect(
            lines[0].split(separator: " ").joined(separator: " ")
                == "model quantization hardware mmlu mini-mmlu % zero-shot mini-mmlu %")
        #expect(lines.count == 4 && lines[3].contains("one-thread"))
    }

    @Test func nothingFoundIsNoTable() throws {
        #expect(lines([try Quickstart.job("mmlu", "q8_0")], []).isEmpty)
        #expect(lines([], []).isEmpty)
    }
}
