import Basics
import Testing

/// `billion speed`; a debug build refuses, and says so.
@Suite struct SpeedTests {
    /// The fields that llama-bench and we both have, with their types.
    private struct Row: Decodable {
        var build_commit: String
        var cpu_info: String
        var backends: String
        var model_filename: String
        var model_type: String
        var model_size: Int
        var model_n_params: Int
        var n_batch: Int
        var n_ubatch: Int
        var n_threads: Int
        var type_k: String
        var type_v: String
        var n_prompt: Int
        var n_gen: Int
        var n_depth: Int
        var avg_ns: Int
        var stddev_ns: Int
        var avg_ts: Double
        var stddev_ts: Double
        var samples_ns: [UInt64]
        var samples_ts: [Double]
    }

    private let project: ProjectFolder
    private let base = ["speed", "--model", ProjectFolder.tinyModel]

    init() throws { project = try ProjectFolder() }

    private func rows(_ options: String...) throws -> [Row] {
        let result = try project.tool.run(base + ["--json"] + options)
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        return try JSON.decode([Row].self, from: result.output)
    }

    @Test(.enabled(if: CommandLineTool.isReleaseBuild, "timings need a release build"))
    func rowsAreThoseOfLlamaBench() throws {
        let rows = try rows(
            "--n-prompt", "32", "--n-gen", "8", "--n-depth", "16", "--threads", "1",
            "--repetitions", "3")
        #expect(rows.map(\.n_prompt) == [32, 0])
        #expect(rows.map(\.n_gen) == [0, 8])
        for row in rows {
            let tokens = Double(row.n_prompt + row.n_gen)
            #expect(row.n_depth == 16 && row.n_threads == 1)
            #expect(row.model_filename == ProjectFolder.tinyModel)
            #expect(row.model_n_params == 95_936 && row.model_size == 383_744)
            #expect(row.type_k == "f16" && row.type_v == "f16")
            #expect(row.samples_ns.count == 3 && row.samples_ts.count == 3)
            for (time, rate) in zip(row.samples_ns, row.samples_ts) {
                #expect(abs(rate - 1e9 * tokens / Double(time)) < 1e-6 * rate)
            }
            let mean = row.samples_ts.reduce(0, +) / 3
            #expect(abs(row.avg_ts - mean) < 1e-6 * mean)
            let squares = row.samples_ts.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
            // llama-bench divides by n - 1.
            #expect(abs(row.stddev_ts - (squares / 2).squareRoot()) < 1e-6 * mean)
            let time = row.samples_ns.reduce(0, +) / 3
            #expect(row.avg_ns == Int(time) || row.avg_ns == Int(time) + 1)
        }
    }

    @Test(.enabled(if: CommandLineTool.isReleaseBuild, "timings need a release build"))
    func aTestOfNothingIsLeftOut() throws {
        #expect(try rows("--n-prompt", "0", "--n-gen", "2").map(\.n_gen) == [2])
        #expect(try rows("--n-prompt", "4", "--n-gen", "0").map(\.n_prompt) == [4])
        let one = try rows("--n-prompt", "4", "--n-gen", "0", "--repetitions", "1")
        #expect(one[0].samples_ns.count == 1 && one[0].stddev_ts == 0)
        #expect(try rows("--n-prompt", "4", "--compute", "f32").map(\.type_k) == ["f32", "f32"])
        let table = try project.tool.run(base + ["--n-prompt", "4", "--n-gen", "2"])
        #expect(table.lines.count == 4)
        #expect(table.lines[2].contains("| pp4 |") && table.lines[3].contains("| tg2 |"))
        let nothing = try project.tool.run(base + ["--n-prompt", "0", "--n-gen", "0"])
        #expect(nothing.status == 2)
        #expect(
            nothing.errors
                == "billion speed: nothing to time: --n-prompt and --n-gen are both 0.\n"
                + "See `billion speed --help`.\n")
    }

    @Test(.enabled(if: !CommandLineTool.isReleaseBuild, "only a debug build refuses"))
    func aDebugBuildRefuses() throws {
        let result = try project.tool.run(base)
        #expect(result.status == 2)
        #expect(result.errors.hasPrefix("billion speed: this is a debug build, "))
    }
}
