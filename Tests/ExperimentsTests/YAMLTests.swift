import Basics
import Experiments
import Testing

@Suite struct YAMLTests {
    /// A block manifest that repeats itself only by anchors and merge keys.
    private static let anchored = """
        name: anchored
        matrix: &matrix
          model: &models [smollm2]
          quantization: [q8_0]
          task: [slow, fast, both, list]
          hardware: [cpu]
        tasks:
          slow: &slow
            kind: speed
            n_prompt: 1000
            n_gen: 100
          fast: &fast {<<: *slow, n_gen: 1, n_depth: 7}
          both:
            n_prompt: 5        # own keys win, before the merge key or after it
            <<: *slow
            n_gen: 6
          list:
            <<: [*fast, *slow]   # the first one wins
            repetitions: 2
        """

    @Test func anchorsAndMergeKeys() throws {
        let cells = try Sample.cells(Self.anchored)
        let shown = cells.map { cell in
            ["n_prompt", "n_gen", "n_depth", "repetitions"]
                .map { cell.taskSettings[$0]?.plainText ?? "-" }.joined(separator: " ")
        }
        #expect(shown == ["1000 100 0 5", "1000 1 7 5", "5 6 0 5", "1000 1 7 2"])
        #expect(cells.map(\.taskKind) == ["speed", "speed", "speed", "speed"])
    }

    /// A matrix may be merged: its axes then stand where the merge key stands.
    @Test func mergedAxesKeepTheirOrder() throws {
        let cells = try Sample.cells(
            """
            name: merged
            matrix:
              task: [memory, speed]
              <<: {quantization: [f32, f16], model: smollm2, task: [mmlu]}
              hardware: cpu
            """)
        #expect(
            cells.map { "\($0.task) \($0.quantization)" } == [
                "memory f32", "memory f16", "speed f32", "speed f16",
            ])
    }

    private static let spelled: [(String, String)] = [
        ("LF", Sample.manifest()),
        ("CR LF", Sample.manifest().split(separator: "\n").joined(separator: "\r\n")),
        ("CR", Sample.manifest().split(separator: "\n").joined(separator: "\r")),
        ("byte order mark", "\u{FEFF}" + Sample.manifest()),
        ("document markers", "%YAML 1.2\n---\n" + Sample.manifest() + "\n...\n"),
        ("schema comment", "# yaml-language-server: $schema=x.json\n" + Sample.manifest()),
        (
            "JSON",
            """
            {"name": "sample", "matrix": {"model": ["smollm2"], "quantization": ["q8_0"],
             "task": ["speed"], "hardware": ["cpu"]}}
            """
        ),
    ]

    @Test(arguments: spelled)
    func spellings(name: String, text: String) throws {
        #expect(try Sample.cells(text) == Sample.cells(Sample.manifest()), "\(name)")
    }

    @Test func theDigestIsThatOfTheFile() throws {
        let text = "\u{FEFF}" + Sample.manifest()
        let manifest = try Manifest.parse(text: text, file: "test.yaml")
        #expect(manifest.digest == SHA256.hex(text))
    }

    /// "Billion laughs": ten levels of ten aliases each.
    @Test func aliasesThatExpandWithoutBound() {
        var text = "a0: &a0 [" + Array(repeating: "x", count: 10).joined(separator: ", ") + "]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(
            Sample.message(Array(text.utf8)) == """
                test.yaml:5:45: more than 100000 values, those of aliases counted each time.
                  a4: &a4 [*a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3]
                                                              ^
                """)
    }

    @Test func aSmallBombInsideTheMatrix() {
        // Each entry is legal; there are only too many of them.
        let items = Array(repeating: "*e", count: 40_000).joined(separator: ", ")
        let text = Sample.manifest(more: "  exclude: [&e {model: smollm2}, \(items)]")
        let message = Sample.message(Array(text.utf8)) ?? ""
        #expect(message.contains("more than 100000 values"))
        #expect(message.count < 400, "an excerpt shows a part of a long line")
    }

    @Test func nestingHasALimit() {
        for (open, close) in [("[", "]"), ("{a: ", "}")] {
            let depth = 50_000
            let text =
                "name: " + String(repeating: open, count: depth)
                + String(repeating: close, count: depth)
            let message = Sample.message(Array(text.utf8)) ?? "nothing"
            #expect(message.contains("nested deeper than 64 levels."), "\(open)")
        }
        var block = ""
        for level in 0..<500 { block += String(repeating: " ", count: level) + "a:\n" }
        #expect(Sample.message(Array(block.utf8))?.contains("nested deeper") == true)
    }

    @Test func numbersInQuotesAreText() throws {
        let text = Sample.manifest(task: "probe", more: "tasks: {probe: {label: \"0x10\"}}")
        #expect(try Sample.cells(text)[0].taskSettings["label"] == .string("0x10"))
    }

    @Test(arguments: [
        ("0.25", 0.25), (".5", 0.5), ("1.", 1), ("1e-3", 0.001), ("5E-1", 0.5), ("-0.0", 0),
        ("+1", 1), ("0x1", 1),
    ])
    func numbers(text: String, value: Double) throws {
        let cells = try Sample.cells(
            Sample.manifest(task: "probe", more: "tasks: {probe: {rate: \(text)}}"))
        #expect(cells[0].taskSettings["rate"] == .number(value))
    }

    @Test(arguments: [
        "1_000", "1e400", ".nan", ".inf", "'0.5'", "0.5.1", "e5", ".", "0x", "0o9", "1e", "nan",
        "0x1p3", "--1", "½", "٣", "yes", "[0.5]",
    ])
    func notNumbers(text: String) throws {
        let message = Sample.message(
            Array(Sample.manifest(task: "probe", more: "tasks: {probe: {rate: \(text)}}").utf8))
        let start = "test.yaml:7:23: 'rate' must be a number from 0 to 1, found "
        #expect(message?.hasPrefix(start) == true, "\(message ?? "accepted")")
    }
}

/// Files that are small on disk and would be slow to read without care.
@Suite struct HostileManifestTests {
    @Test(.timeLimit(.minutes(15))) func manyUnknownNamesBesideManyKnownOnes() {
        let names = (0..<4000).map { "unknown-\($0)" }.joined(separator: ", ")
        let models = (0..<4000).map { "model-\($0): {path: a}" }.joined(separator: ", ")
        let text = Sample.manifest(model: "[\(names)]", more: "models: {\(models)}")
        let message = Sample.message(Array(text.utf8))
        #expect(message?.hasSuffix("\n4000 errors in test.yaml") == true)
    }

    @Test(.timeLimit(.minutes(15))) func aNameOfAMegabyte() {
        let text = Sample.manifest(quantization: String(repeating: "q", count: 1_000_000))
        let message = Sample.message(Array(text.utf8)) ?? ""
        let start =
            "test.yaml:4:17: unknown quantization '\(String(repeating: "q", count: 60))…'.\n"
        #expect(message.hasPrefix(start))
        #expect(message.count < 600)
    }

    @Test(.timeLimit(.minutes(15))) func manyAnchorsAndDuplicateKeys() {
        let keys = (0..<6000).map { "k\($0 / 2): &a\($0) 1\n" }.joined()
        let message = Sample.message(Array(keys.utf8))
        #expect(message?.hasSuffix("\n6002 errors in test.yaml") == true)
    }
}
