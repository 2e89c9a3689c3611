import Basics
import Testing

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("q4_km", ["q4_k_m", "q8_0", "f16"], "q4_k_m" as String?),
        ("Q8_0", ["q4_k_m", "q8_0"], "q8_0"),
        // Two neighbours exchanged are one slip.
        ("mlmu", ["mmlu", "speed"], "mmlu"),
        ("sped", ["mmlu", "speed"], "speed"),
        // Nothing alike: no guess.
        ("humaneval", ["mmlu", "speed"], nil),
        ("x", [], nil),
        ("", ["mmlu"], nil),
    ])
    func nearest(name: String, candidates: [String], expected: String?) {
        #expect(Suggestion.nearest(to: name, among: candidates) == expected)
    }

    @Test(arguments: [
        ("sped", ["speed", "mmlu"], " Did you mean 'speed'?"),
        ("memory", ["speed", "mmlu"], " Available: mmlu, speed."),
        ("memory", [], ""),
        // Known, and still not there.
        ("speed", ["speed", "mmlu"], ""),
    ])
    func sentence(name: String, candidates: [String], expected: String) {
        #expect(Suggestion.sentence(for: name, among: candidates) == expected)
    }

    @Test func equallyNearNamesAreTakenInOrder() {
        #expect(Suggestion.nearest(to: "q5_0", among: ["q8_0", "q4_0"]) == "q4_0")
    }
}
