import Basics
import Hub
import LanguageModels
import Tensors

/// The models that are known, and their files.
enum ModelsCommand: Command {
    static let specification = CommandSpecification(
        name: "models", summary: "list, pull, inspect, verify, quantize and merge models",
        operands: "list | inspect MODEL | pull|verify MODEL... | quantize IN FORMAT OUT | "
            + "merge MODEL ADAPTER OUT",
        operandCount: 1...100,
        options: [
            .init("json", nil, "inspect: one JSON object"),
            .init("format", "FORMAT", "merge: f16 (default), f32, q8_0, q4_k_m, ..."),
        ],
        examples: [
            "billion models pull smollm2-135m-instruct",
            "billion models inspect model.gguf",
            "billion models quantize model.gguf q4_k_m smaller.gguf",
            "billion models merge smollm2 my-adapter tuned.gguf",
        ])

    private static let actions = ["list", "pull", "inspect", "verify", "quantize", "merge"]

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let access = try ModelAccess.standard()
        let names = Array(arguments.operands.dropFirst())
        switch arguments.operands[0] {
        case "list":
            guard names.isEmpty else { throw UsageError("unexpected argument '\(names[0])'.") }
            list(access)
        case "pull":
            for name in try atLeastOne(names, "pull") {
                Console.print(try access.pull(access.store.location(of: name)))
            }
        case "inspect":
            guard names.count == 1 else { throw UsageError("inspect takes one MODEL.") }
            try inspect(access, names[0], asJSON: arguments.has("json"))
        case "verify":
            for name in try atLeastOne(names, "verify") { try verify(access, name) }
        case "quantize":
            guard names.count == 3 else { throw UsageError("quantize takes IN FORMAT OUT.") }
            try write(from: names[0], as: names[1], at: names[2], access) { source in
                try access.convert(source, to: names[1], at: names[2])
            }
        case "merge":
            guard names.count == 3 else { throw UsageError("merge takes MODEL ADAPTER OUT.") }
            let format = arguments.string("format") ?? F16.name
            try write(from: names[0], as: format, at: names[2], access) { source in
                try access.merge(source, adapter: names[1], as: format, at: names[2])
            }
        case let action:
            throw UsageError(
                "unknown action '\(action)'.\(Suggestion.sentence(for: action, among: actions))")
        }
        return .success
    }

    private static func atLeastOne(_ names: [String], _ action: String) throws -> [String] {
        guard !names.isEmpty else { throw UsageError("\(action) needs a MODEL.") }
        return names
    }

    private static func list(_ access: ModelAccess) {
        var rows = [["NAME", "PARAMETERS", "SIZE", "LICENCE", "ACCESS", "HERE", "ALIASES"]]
        for listing in access.store.list() {
            let model = listing.model
            rows.append([
                model.name, "\(NumberFormat.fixed(Double(model.parameters) / 1e6, 1)) M",
                ByteCount.text(model.weightBytes), model.license, model.access.rawValue,
                listing.path == nil ? "no" : "yes", model.aliases.joined(separator: ", "),
            ])
        }
        Console.print(TextTable.lines(rows).joined(separator: "\n"))
    }

    private static func inspect(_ access: ModelAccess, _ name: String, asJSON: Bool) throws {
        let path = try access.path(of: name, quantization: Quantizations.asStored)
        let summary = try openCheckpoint(path: path).summary
        Console.print(asJSON ? try JSON.text(summary) : describe(summary))
    }

    /// What the file says of itself, a line each; lines without a value are left out.
    private static func describe(_ summary: CheckpointSummary) -> String {
        let tokenizer = [summary.tokenizerModel, summary.tokenizerPre].compactMap(\.self)
            .joined(separator: ", ")
        let facts: [(String, String?)] = [
            ("name", summary.name),
            ("architecture", summary.architecture),
            ("parameters", summary.parameterCount > 0 ? String(summary.parameterCount) : nil),
            (
                "weights",
                summary.weightsBytes > 0 ? ByteCount.text(Int64(summary.weightsBytes)) : nil
            ),
            ("bits/weight", summary.bitsPerWeight.map { NumberFormat.fixed($0, 2) }),
            ("provenance", summary.provenance),
            ("layers", summary.blockCount.map(String.init)),
            ("context", summary.contextLength.map(String.init)),
            ("width", summary.embeddingLength.map(String.init)),
            ("feed-forward", summary.feedForwardLength.map(String.init)),
            ("heads", summary.headCount.map(String.init)),
            ("key/value heads", summary.headCountKV.map(String.init)),
            ("tokenizer", tokenizer.isEmpty ? nil : tokenizer),
            ("vocabulary", summary.vocabularySize.map(String.init)),
            ("chat template", summary.hasChatTemplate ? "yes" : "no"),
            ("file", form(of: summary)),
        ]
        let lines = facts.compactMap { name, value in value.map { [name, $0] } }
        let types = summary.types.map {
            ["tensors", "\($0.tensors) in \($0.type), \(ByteCount.text(Int64($0.bytes)))"]
        }
        return TextTable.lines(lines + types).joined(separator: "\n")
    }

    /// `GGUF v3, 98 MB` or `safetensors in 2 files, 14 GB`.
    private static func form(of summary: CheckpointSummary) -> String {
        let files = summary.files > 1 ? " in \(summary.files) files" : ""
        return "\(summary.form)\(files), \(ByteCount.text(Int64(summary.fileBytes)))"
    }

    /// Writes a file of the user's own and says what it is.
    private static func write(
        from name: String, as format: String, at target: String, _ access: ModelAccess,
        by make: (_ source: String) throws -> Void
    ) throws {
        // A wrong name is said before anything is fetched, and nothing is ever replaced.
        do throws(QuantizationError) {
            _ = try QuantizationTarget.named(format)
        } catch {
            throw UsageError("\(error)")
        }
        guard !FileSystem.exists(target) else {
            throw UsageError("\(target) exists already. Remove it, or choose another name.")
        }
        let source = try access.path(of: name, quantization: Quantizations.asStored)
        try make(source)
        let summary = try openCheckpoint(path: target).summary
        let types = summary.types.map { "\($0.tensors) \($0.type)" }.joined(separator: ", ")
        let bits = summary.bitsPerWeight.map { ", \(NumberFormat.fixed($0, 2)) bits/weight" } ?? ""
        Console.print(
            "\(target): \(ByteCount.text(Int64(summary.fileBytes)))\(bits), tensors: \(types)")
    }

    private static func verify(_ access: ModelAccess, _ name: String) throws {
        let line = ProgressLine()
        defer { line.clear() }
        let location = try access.store.location(of: name)
        let result = try access.store.verify(location) { $0.show(name, on: line) }
        line.clear()
        let verdict =
            result.isKnown
            ? "fine, sha256 \(result.sha256)"
            : "sha256 \(result.sha256) (no published digest to compare with)"
        Console.print("\(name): \(verdict)")
    }
}
