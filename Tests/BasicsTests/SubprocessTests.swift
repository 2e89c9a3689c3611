import Basics
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite struct SubprocessTests {
    private func shell(_ script: String, _ arguments: String..., limit: Duration? = nil)
        -> Subprocess
    {
        Subprocess("sh", ["-c", script, "sh"] + arguments, timeLimit: limit)
    }

    @Test(arguments: [
        ("exit 0", Subprocess.Ending.exited(0)), ("exit 7", .exited(7)),
        ("kill -9 $$", .signalled(9)), ("kill -15 $$", .signalled(15)),
    ])
    func endings(script: String, ending: Subprocess.Ending) throws {
        #expect(try shell(script).run().ending == ending)
    }

    @Test func argumentsArriveAsTheyAre() throws {
        let outcome = try shell("printf '<%s>' \"$@\"", "a b", "", "$HOME", "é\n").run()
        #expect(outcome.outputText == "<a b><><$HOME><é\n>")
    }

    @Test func theEnvironmentIsTheOneGiven() throws {
        var command = shell("echo \"$COLOUR ${HOME-none}\"")
        command.environment = ["COLOUR": "blue", "PATH": "/usr/bin:/bin"]
        #expect(try command.run().outputText == "blue none\n")
    }

    @Test(arguments: [0, 1, 100_000, 3_000_000])
    func inputAndOutputOfAnySize(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let outcome = try Subprocess("cat", input: .bytes(bytes)).run()
        #expect(outcome.output == bytes)
    }

    @Test func aChildThatDoesNotReadItsInputIsNoError() throws {
        let bytes = [UInt8](repeating: 65, count: 1 << 20)
        #expect(try Subprocess("true", input: .bytes(bytes)).run().succeeded)
    }

    @Test func bothStreamsAtOnce() throws {
        let script = "i=0; while [ $i -lt 20000 ]; do echo out; echo err >&2; i=$((i+1)); done"
        let outcome = try shell(script).run()
        #expect(outcome.output.count == 80_000)
        #expect(outcome.errors.count == 80_000)
    }

    @Test func linesComeWholeAndTheLastNeedsNoEnd() throws {
        var lines: [String] = []
        let script = "printf 'one\\ntw'; sleep 0.2; printf 'o\\r\\n\\nlast'"
        _ = try shell(script).run(onLine: { lines.append($0) })
        #expect(lines == ["one", "two", "", "last"])
    }

    @Test(.timeLimit(.minutes(15)))
    func theTimeLimitTakesGrandchildrenToo() throws {
        let folder = try TemporaryFolder()
        let start = ContinuousClock.now
        let script = "(sleep 100; echo alive >\"$1\") & echo $! >\"$1.pid\"; wait"
        let outcome = try shell(script, folder["note"], limit: .milliseconds(500)).run()
        #expect(outcome.ending == .timedOut)
        #expect(ContinuousClock.now - start < .seconds(20))
        let grandchild = try folder.text(of: "note.pid").filter(\.isNumber)
        // Killed, and at most waiting to be collected by whoever inherits it.
        let state = try shell("ps -o stat= -p $1 | grep -v Z", grandchild).run()
        #expect(state.outputText.isEmpty)
    }

    @Test(.timeLimit(.minutes(15)))
    func aProcessLeftBehindDoesNotHoldUs() throws {
        let start = ContinuousClock.now
        let outcome = try shell("echo done; sleep 60 & echo $!").run()
        let lines = outcome.outputText.split(separator: "\n")
        #expect(lines.first == "done")
        #expect(ContinuousClock.now - start < .seconds(30))
        if lines.count > 1 { _ = try Subprocess("kill", [String(lines[1])]).run() }
    }

    @Test(.timeLimit(.minutes(15)))
    func anErrorInTheMiddleEndsTheChild() throws {
        struct Enough: Error {}
        let folder = try TemporaryFolder()
        let start = ContinuousClock.now
        #expect(throws: Enough.self) {
            _ = try shell("echo $$ >\"$1\"; echo x; exec sleep 100", folder["pid"])
                .run(onLine: { _ in throw Enough() })
        }
        #expect(ContinuousClock.now - start < .seconds(30))
        // Waited for: not even a zombie is left.
        let child = try folder.text(of: "pid").filter(\.isNumber)
        #expect(try shell("kill -0 $1 2>/dev/null", child).run().ending != .exited(0))
    }

    @Test func aLifelineNeverHasDataAndEndsWithTheParent() throws {
        // `cat` would end at once at the end of the stream; it is still waiting after a while.
        let script = "exec 3<&0; cat <&3 >/dev/null & sleep 0.3; kill -0 $! && kill $!"
        #expect(try Subprocess("sh", ["-c", script], input: .lifeline).run().succeeded)
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/fd"), "needs /proc"))
    func onlyTheStandardDescriptorsAreInherited() throws {
        // Open without close-on-exec, as other libraries may leave theirs.
        let leaky = open("/dev/null", O_RDONLY)
        defer { close(leaky) }
        let outcome = try Subprocess("ls", ["/proc/self/fd"]).run()
        #expect(outcome.outputText == "0\n1\n2\n3\n", "3 is the folder that ls reads")
    }

    @Test func programsAreFoundOnThePathGiven() throws {
        let folder = try TemporaryFolder()
        try folder.writeScript("#!/bin/sh\necho mine\n", to: "bin/tool")
        try folder.write("not a program", to: "first/tool")
        let environment = ["PATH": "\(folder["first"]):\(folder["bin"])"]
        #expect(Subprocess.find("tool", environment: environment) == folder["bin/tool"])
        #expect(Subprocess.find("no-such-tool", environment: environment) == nil)
        #expect(Subprocess.find(folder["first/tool"]) == nil)
        #expect(throws: BasicsError.programMissing(name: "no-such-tool")) {
            try Subprocess("no-such-tool", environment: environment).run()
        }
        #expect(try Subprocess("tool", environment: environment).run().outputText == "mine\n")
    }

    @Test func whatCannotBeStartedSaysWhy() throws {
        let folder = try TemporaryFolder()
        let path = try folder.writeScript("#!/no/such/interpreter\n", to: "tool")
        let error = #expect(throws: BasicsError.self) { try Subprocess(path).run() }
        #expect(
            error?.description == "\(path): cannot start the program: No such file or directory.")
    }

    @Test func theTickComesWhileTheChildRuns() throws {
        var ticks = 0
        _ = try Subprocess("sleep", ["0.6"]).run(onTick: { ticks += 1 })
        #expect((1...7).contains(ticks))
    }
}
