import Basics
import Store
import Testing

@testable import Experiments
@testable import Reporting

@Suite struct GateTests {
    @Test(
        arguments: [
            ("mmlu.acc >= 0.30", "mmlu", "acc", GateRule.Requirement.threshold(.atLeast, 0.3)),
            ("acc > 30 %", nil, "acc", .threshold(.above, 0.3)),
            (
                "peak_resident_bytes <= 1.5GiB", nil, "peak_resident_bytes",
                .threshold(.atMost, 1_610_612_736)
            ),
            ("ttft < 800 ms", nil, "ttft", .threshold(.below, 0.8)),
            ("tg128 not worse than baseline by 5 %", nil, "tg128", .notWorseByShare(0.05)),
            (
                "mmlu.acc not worse than baseline by 2 points", "mmlu", "acc",
                .notWorseByDifference(0.02)
            ),
        ] as [(String, String?, String, GateRule.Requirement)])
    func rulesAreRead(
        _ text: String, _ task: String?, _ metric: String, _ requirement: GateRule.Requirement
    ) throws {
        let rule = try GateRule(text)
        #expect(rule.task == task)
        #expect(rule.metric == metric)
        switch (rule.requirement, requirement) {
        case (.threshold(let a, let x), .threshold(let b, let y)):
            #expect(a == b && abs(x - y) < 1e-9 * max(1, y))
        default: #expect(rule.requirement == requirement)
        }
    }

    private static let example =
        " For example: 'mmlu.acc >= 0.30' or 'tg128 not worse than baseline by 5 %'."

    @Test(arguments: [
        ("", "a rule is empty."), (".acc > 1", "'.acc' names no metric."),
        (
            "acc",
            "after 'acc': expected >=, >, <=, < or 'not worse than baseline by', "
                + "found nothing."
        ),
        (
            "acc = 1",
            "after 'acc': expected >=, >, <=, < or 'not worse than baseline by', "
                + "found '= 1'."
        ),
        ("acc > many", "expected a number, found 'many'."),
        ("acc >", "expected a number, found nothing."),
        ("tg1 not worse than baseline by", "expected a number, found nothing."),
    ])
    func mistakesAreNamed(_ text: String, _ message: String) {
        #expect(throws: GateRule.Mistake(description: message + Self.example)) {
            try GateRule(text)
        }
    }

    @Test func aFileOfRulesIsRead() throws {
        let text = """
            rules:
              - acc >= 0.3
              - tg128 not worse than baseline by 5 %
            only: {quantization: [q8_0, f32], model: tiny}
            undecided: trip
            """
        let file = try GateFile.parse(bytes: Array(text.utf8), file: "rules.yaml")
        #expect(file.rules.map(\.metric) == ["acc", "tg128"])
        #expect(file.only == [.quantization: ["q8_0", "f32"], .model: ["tiny"]])
        #expect(file.undecidedTrips)
    }

    @Test(arguments: [
        ("rules: []", "rules.yaml:1:8: 'rules' must be a list of rules, such as"),
        ("rules: [acc]", "rules.yaml:1:9: after 'acc': expected"),
        ("rule: []", "rules.yaml:1:1: unknown key 'rule' in a file of rules."),
        ("rules: [a > 1]\nundecided: maybe", "rules.yaml:2:12: 'undecided' must be 'pass' or"),
        ("rules: [a > 1]\nonly: {task: {}}", "rules.yaml:2:14: 'task' must be a name or"),
    ])
    func faultyFilesAreReportedWithTheirPlace(_ text: String, _ message: String) {
        let error = #expect(throws: ManifestError.self) {
            try GateFile.parse(bytes: Array(text.utf8), file: "rules.yaml")
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains(message))
    }

    /// Two measurements of everything: `before`, then `now`.
    private func history(_ before: [Metric], _ now: [Metric]) throws -> [HistoryEntry] {
        var entries: [HistoryEntry] = []
        try withStore { store in
            let run = try store.beginRun(Quickstart.run())
            for metrics in [before, now] where !metrics.isEmpty {
                let attempt = try store.beginAttempt(try Quickstart.job("speed", "f32"), in: run)
                for metric in metrics { try store.record(.metric(metric), for: attempt) }
                try store.finish(attempt, outcome: .done)
            }
        } read: {
            entries = try $0.history()
        }
        return entries
    }

    private func metric(
        _ name: String, _ value: Double, spread: Double? = nil, low: Double? = nil,
        high: Double? = nil, better: Bool? = true
    ) -> Metric {
        Metric(
            name: name, value: value, unit: name == "acc" ? "fraction" : "tokens/s",
            higherIsBetter: better, count: spread == nil ? nil : 5, standardDeviation: spread,
            confidenceLow: low, confidenceHigh: high)
    }

    private func outcomes(_ history: [HistoryEntry], _ rule: String) throws -> [Gate.Outcome] {
        let file = try GateFile.parse(bytes: Array("rules: ['\(rule)']".utf8), file: "r.yaml")
        return try Gate(history: history, baseline: nil).findings(file).map(\.outcome)
    }

    @Test(arguments: [
        // The interval is above, around and below the limit.
        ("acc >= 0.2", Gate.Outcome.holds), ("acc >= 0.3", .undecided), ("acc >= 0.5", .tripped),
        ("acc <= 0.5", .holds), ("speed.acc < 0.2", .tripped),
        // Without a spread the figure itself decides.
        ("once >= 10", .holds), ("once > 10", .tripped),
        // 100 ± 0.1 against 103 ± 0.1: 2.9 percent less.
        ("tg128 not worse than baseline by 5 %", .holds),
        ("tg128 not worse than baseline by 1 %", .tripped),
        ("tg128 not worse than baseline by 2.9 %", .undecided),
        // The spread of 20 hides any loss.
        ("noisy not worse than baseline by 5 %", .undecided),
        ("once not worse than baseline by 50 %", .tripped),
        // Lower is better: 100 is less than 103.
        ("itl not worse than baseline by 0 %", .holds),
        ("acc not worse than baseline by 30 points", .holds),
        ("acc not worse than baseline by 2 points", .undecided),
    ])
    func theIntervalDecides(_ rule: String, _ outcome: Gate.Outcome) throws {
        let entries = try history(
            [
                metric("acc", 0.3, low: 0.25, high: 0.35), metric("once", 30),
                metric("tg128", 103, spread: 0.1), metric("noisy", 100, spread: 20),
                metric("itl", 103, spread: 0.1, better: false),
            ],
            [
                metric("acc", 0.3, low: 0.25, high: 0.35), metric("once", 10),
                metric("tg128", 100, spread: 0.1), metric("noisy", 90, spread: 20),
                metric("itl", 100, spread: 0.1, better: false),
            ])
        #expect(try outcomes(entries, rule) == [outcome])
    }

    @Test func theFirstMeasurementHasNoBaseline() throws {
        let entries = try history([], [metric("tg128", 100)])
        #expect(try outcomes(entries, "tg128 not worse than baseline by 5 %") == [.noBaseline])
    }

    @Test func aRuleAboutNothingIsAMistake() throws {
        let entries = try history([], [metric("tg128", 100)])
        let error = #expect(throws: Gate.Unmatched.self) { try outcomes(entries, "tg12 > 1") }
        #expect(
            error?.description
                == "r.yaml: no result is what 'tg12 > 1' is about. Did you mean 'tg128'?")
    }

    @Test func historyTellsChangesFromNoise() throws {
        let entries = try history(
            [metric("tg128", 100, spread: 0.1), metric("acc", 0.3, low: 0.2, high: 0.4)],
            [metric("tg128", 110, spread: 0.1), metric("acc", 0.31, low: 0.2, high: 0.4)])
        let table = try #require(HistoryTable.all(entries).first)
        #expect(table.lines.map(\.change) == [nil, "no detectable difference", nil, "+10.0 %"])
        #expect(table.measurement.title == "smollm2-135m-instruct f32 speed cpu")
        #expect(
            HistoryTable.change(
                metric("acc", 0.5, low: 0.45, high: 0.55),
                metric("acc", 0.3, low: 0.28, high: 0.32)) == "+20.0 points")
    }
}
