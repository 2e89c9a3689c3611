import Basics
import Experiments
import LanguageModels
import Sandbox

/// The settings of a HumanEval job, by the names that lm-evaluation-harness and transformers use.
struct HumanEvalSettings {
    static let catalog: [Catalog.Setting] = [
        .init(
            "dataset", .text, default: .string("mini-humaneval"),
            "mini-humaneval comes with the program; humaneval is the real set, when it is there; "
                + "or any folder with a .jsonl file of HumanEval's layout"),
        .init(
            "limit", .countOrShare, default: .null,
            "problems, a count or a fraction below 1; all when not set"),
        LimitOrder.setting,
        .init("repeats", .integer(1...1000), default: .integer(1), "samples of each problem"),
        .init(
            "temperature", .number(0...100), default: .number(0),
            "0 takes the likeliest token, so that one sample is all there is"),
        .init(
            "top_p", .number(0.000001...1), default: .number(1),
            "draw from the likeliest tokens that make up this share"),
        .init(
            "top_k", .integer(0...1_000_000), default: .integer(0),
            "draw from so many likeliest tokens; 0 is all"),
        .init(
            "max_gen_toks", .integer(1...100_000), default: .integer(1024),
            "tokens of a sample at most"),
        .init(
            "decoding", .choice(Decoding.allCases.map(\.rawValue)),
            default: .string("corrected"),
            "harness decodes new tokens alone, which costs some models their first space; "
                + "corrected does not"),
        .init(
            "pass_at_k", .integers(1...1000), default: .null,
            "k of pass@k, as far as there are as many samples; 1, 10 and 100 when not set"),
        .init(
            "timeout", .number(0.1...3600), default: .number(3),
            "seconds for one program and its tests"),
        .init(
            "batch_size", .integer(1...1024), default: .integer(20),
            "samples generated at a time; it changes speed and memory, and no result"),
    ]

    enum Decoding: String, CaseIterable {
        /// New tokens alone, as lm-evaluation-harness does.
        case harness
        /// New tokens as the continuation of the prompt that they are.
        case corrected
    }

    let limit: SampleLimit
    let order: LimitOrder
    let repeats: Int
    let temperature: Double
    let topP: Double
    let topK: Int
    let tokenLimit: Int
    let decoding: Decoding
    let passAtK: [Int]
    let timeout: Duration
    let width: Int
    let allowsUnsafeCode: Bool

    private static let usualK = [1, 10, 100]

    init(_ context: TaskContext) throws {
        let settings = context.job.cell.taskSettings
        limit = try SampleLimit(setting: settings["limit"] ?? .null)
        order = LimitOrder(try context.string("limit_by"), seed: context.job.cell.seed)
        repeats = try context.integer("repeats")
        temperature = context.optionalNumber("temperature") ?? 0
        topP = context.optionalNumber("top_p") ?? 1
        topK = try context.integer("top_k")
        tokenLimit = try context.integer("max_gen_toks")
        decoding = Decoding(rawValue: try context.string("decoding")) ?? .corrected
        if case .array(let values)? = settings["pass_at_k"] {
            passAtK = values.compactMap { if case .integer(let k) = $0 { Int(k) } else { nil } }
        } else {
            passAtK = Self.usualK
        }
        timeout = .milliseconds(Int64((context.optionalNumber("timeout") ?? 3) * 1000))
        width = try context.integer("batch_size")
        allowsUnsafeCode = settings[HumanEvalTask.unsafeCodeSetting] == .bool(true)
        guard repeats == 1 || temperature > 0 else {
            throw TaskError(
                "task '\(context.job.cell.task)': repeats: \(repeats) with temperature: 0 would "
                    + "be the same text \(repeats) times. Set a temperature, such as 0.2.")
        }
    }

    /// How a sample is drawn: by its problem and its number, whatever else the job has.
    func sampling(seed: UInt64, problem: String, sample: Int) -> SamplingOptions {
        var generator = SeededGenerator(seed: seed, stream: "\(problem)\0\(sample)")
        return SamplingOptions(
            temperature: temperature, topK: topK, topP: topP, seed: generator.next())
    }
}
