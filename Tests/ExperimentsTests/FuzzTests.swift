import Basics
import Experiments
import Testing

/// Small damage to a good manifest: never a crash, and every fault has a place in the file.
@Suite struct FuzzTests {
    private static let good = """
        # A manifest with a bit of everything.
        name: "fuzz"
        description: |
          Zwei Zeilen, é and 日本.
        seed: 7
        matrix:
          model: &models [smollm2, mine]
          quantization: [f32, q8_0]
          task: [speed, mmlu, quick]
          hardware: [cpu, two]
          exclude:
            - {model: mine, task: [speed, mmlu]}
          include:
            - {task: quick, quantization: f32, limit: 3}
            - {model: mine, quantization: q4_0, task: speed, hardware: cpu, n_gen: 9}
        models:
          mine: {hf: org/repo, file: x.gguf, revision: main}
        tasks:
          mmlu: &mmlu {dataset: mini-mmlu, num_fewshot: 5, limit: ~}
          quick: {<<: *mmlu, kind: mmlu, limit: 10}
          speed: {n_prompt: 512, n_gen: 64}
        hardware:
          cpu: {threads: auto}
          two: {backend: cpu, threads: 2, compute: 'f32'}

        """

    private static let pieces = [
        "*mmlu", "&mmlu ", "<<: ", "[", "]", "{", "}", ": ", "- ", "\n", "\r\n", "\t", "  ", "'",
        "\"", "#", "|", ">", "~", "!!int ", "---\n", "...\n", "%", "\u{0}", "\u{85}", "\u{FEFF}",
        "\u{2028}", "é", "日", "exclude", "include", "model", "task", "kind: ",
        "99999999999999999999",
        "\\", "? ", ",",
    ].map { Array($0.utf8) }

    @Test func damagedManifests() throws {
        #expect(Sample.message(Array(Self.good.utf8)) == nil)
        var random = SeededGenerator(seed: 20_240_607)
        var accepted = 0
        for round in 0..<2000 {
            var bytes = Array(Self.good.utf8)
            for _ in 0...Int.random(in: 0...1, using: &random) { damage(&bytes, &random) }
            guard let error = outcome(of: bytes) else {
                accepted += 1
                continue
            }
            #expect(!error.issues.isEmpty, "round \(round)")
            #expect("\(error)".hasPrefix("fuzz.yaml:"), "round \(round)")
            let lengths = lineLengths(bytes)
            for issue in error.issues {
                let mark = try #require(issue.mark)
                try #require(lengths.indices.contains(mark.line - 1), "round \(round): \(issue)")
                let columns = 1...lengths[mark.line - 1] + 1
                #expect(columns.contains(mark.column), "round \(round): \(issue)")
            }
        }
        // Comments and spaces can be damaged, the rest hardly: both outcomes must be common.
        #expect((100...1500).contains(accepted), "\(accepted) of 2000 accepted")
    }

    /// What is wrong with a manifest; nil when it plans to at least one cell.
    private func outcome(of bytes: [UInt8]) -> ManifestError? {
        do throws(ManifestError) {
            let manifest = try Manifest.parse(bytes: bytes, file: "fuzz.yaml")
            let plan = try Plan(manifest: manifest, catalog: Sample.catalog)
            #expect(!plan.cells.isEmpty)
            return nil
        } catch {
            return error
        }
    }

    private func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let start = Int.random(in: 0..<bytes.count, using: &random)
        let end = min(bytes.count, start + Int.random(in: 1...12, using: &random))
        switch Int.random(in: 0..<10, using: &random) {
        case 0: bytes[start] = UInt8.random(in: 0...255, using: &random)
        case 4...6: bytes[start] = UInt8.random(in: 0x20...0x7E, using: &random)
        case 1: bytes.removeSubrange(start..<end)
        case 2: bytes.insert(contentsOf: Array(bytes[start..<end]), at: start)
        case 3: bytes.removeSubrange(max(start, 1)...)
        default:
            let piece = Self.pieces.randomElement(using: &random) ?? []
            bytes.insert(contentsOf: piece, at: start)
        }
    }

    /// Scalars on each line, with the line ends of YAML 1.1.
    private func lineLengths(_ bytes: [UInt8]) -> [Int] {
        var text = String(decoding: bytes, as: UTF8.self).unicodeScalars.map { $0 }
        if text.first == "\u{FEFF}" { text.removeFirst() }
        var lengths = [0]
        for (index, scalar) in text.enumerated() {
            if scalar == "\n", index > 0, text[index - 1] == "\r" { continue }
            if ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar) {
                lengths.append(0)
            } else {
                lengths[lengths.count - 1] += 1
            }
        }
        return lengths
    }
}
