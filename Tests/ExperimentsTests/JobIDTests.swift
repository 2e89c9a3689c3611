import Basics
import Experiments
import Testing

@Suite struct JobIDTests {
    private static let cell = Cell(
        experiment: "quickstart", model: "smollm2-135m-instruct",
        source: .catalog("smollm2-135m-instruct"), quantization: "q8_0", task: "mmlu",
        taskKind: "mmlu",
        taskSettings: [
            "dataset": .string("mini-mmlu"), "num_fewshot": .integer(5), "limit": .integer(10),
        ],
        hardware: "cpu", backend: "cpu",
        hardwareSettings: ["threads": .integer(2), "compute": .string("auto")], seed: 1234)

    private struct Ingredients {
        var cell = JobIDTests.cell
        var modelDigest = "b179c952"
        var datasetDigest: String? = "d1"
        var taskVersion = 1
        var engineVersion = 1

        func id() throws -> JobID {
            try Job(
                cell: cell, modelDigest: modelDigest, datasetDigest: datasetDigest,
                taskVersion: taskVersion, engineVersion: engineVersion
            ).id
        }
    }

    /// The rows of every database depend on this text: a new scheme needs a new version.
    @Test func aJobIDIsPinned() throws {
        #expect(
            try Ingredients().id().text
                == "v1-ef755af466d3d3349cfe442336c24076144b8a2a71ed82ecda750abdfef3547a")
        #expect(try Ingredients().id().short.count == 11)
    }

    /// It is the digest of this canonical text, which other programs can compute.
    @Test func aJobIDIsTheDigestOfItsIngredients() throws {
        let text = """
            {"backend":"cpu","dataset":"d1","engine":1,"hardware":{"compute":"auto","threads":2},\
            "model":"b179c952","quantization":"q8_0","seed":"1234","settings":\
            {"dataset":"mini-mmlu","limit":10,"num_fewshot":5},"task":"mmlu","task_version":1}
            """
        #expect(try Ingredients().id().text == "v1-" + SHA256.hex(text))
    }

    @Test func everyIngredientCounts() throws {
        var seen: [JobID: String] = [try Ingredients().id(): "nothing"]
        func expectNew(_ what: String, _ change: (inout Ingredients) -> Void) throws {
            var changed = Ingredients()
            change(&changed)
            let id = try changed.id()
            #expect(seen[id] == nil, "\(what) gives the id of a change in \(seen[id] ?? "")")
            seen[id] = what
        }
        try expectNew("model digest") { $0.modelDigest = "b179c953" }
        try expectNew("quantization") { $0.cell.quantization = "q4_0" }
        try expectNew("task kind") { $0.cell.taskKind = "speed" }
        try expectNew("task version") { $0.taskVersion = 2 }
        try expectNew("setting value") { $0.cell.taskSettings["limit"] = .integer(11) }
        try expectNew("setting null") { $0.cell.taskSettings["limit"] = .null }
        try expectNew("setting type") { $0.cell.taskSettings["limit"] = .string("10") }
        try expectNew("new setting") { $0.cell.taskSettings["more"] = .bool(true) }
        try expectNew("dataset digest") { $0.datasetDigest = "d2" }
        try expectNew("no dataset") { $0.datasetDigest = nil }
        try expectNew("backend") { $0.cell.backend = "cuda" }
        try expectNew("threads") { $0.cell.hardwareSettings["threads"] = .integer(4) }
        try expectNew("compute") { $0.cell.hardwareSettings["compute"] = .string("f32") }
        try expectNew("seed") { $0.cell.seed = 1235 }
        try expectNew("engine version") { $0.engineVersion = 2 }
    }

    @Test(arguments: [
        ("experiment", { @Sendable (cell: inout Cell) in cell.experiment = "other" }),
        ("model name", { @Sendable (cell: inout Cell) in cell.model = "other" }),
        ("model source", { @Sendable (cell: inout Cell) in cell.source = .path("x.gguf") }),
        ("task name", { @Sendable (cell: inout Cell) in cell.task = "other" }),
        ("hardware name", { @Sendable (cell: inout Cell) in cell.hardware = "other" }),
    ])
    func namesDoNotCount(what: String, change: @Sendable (inout Cell) -> Void) throws {
        var renamed = Ingredients()
        change(&renamed.cell)
        #expect(try renamed.id() == Ingredients().id(), "\(what)")
    }
}
