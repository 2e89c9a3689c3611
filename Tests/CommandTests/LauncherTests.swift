import Basics
import TestSupport
import Testing

/// The launcher with a stand-in for `swift`: what it builds, when, and what it says.
@Suite struct LauncherTests {
    private let folder: TemporaryFolder
    private let checkout: String

    /// A checkout (with a space in its name) of two sources, and programs that are all there.
    init() throws {
        folder = try TemporaryFolder()
        checkout = folder["a checkout"]
        let launcher = try FileSystem.read(FileSystem.join(SharedData.packageRoot, "billion"))
        try folder.writeScript(String(decoding: launcher, as: UTF8.self), to: "a checkout/billion")
        try folder.write("// one", to: "a checkout/Sources/One/One.swift")
        try folder.write("// two", to: "a checkout/Sources/Two/Two.swift")
        try folder.write("// package", to: "a checkout/Package.swift")
        for name in ["pkg-config", "curl", "python3"] {
            try folder.writeScript("#!/bin/sh\nexit 0\n", to: "bin/\(name)")
        }
        try writeSwift(
            """
            mkdir -p .build/release
            printf '#!/bin/sh\\necho "$BILLION_CHECKOUT|${BILLION_COMMIT-none}|$*"\\nexit 7\\n' \
            >.build/release/billion
            chmod +x .build/release/billion
            """)
    }

    /// The stand-in counts its calls; `script` is what a build does, in the checkout.
    private func writeSwift(_ script: String) throws {
        try folder.writeScript(
            "#!/bin/sh\necho \"$*\" >>\"\(folder["builds"])\"\n\(script)\n", to: "bin/swift")
    }

    private var builds: [String] {
        ((try? folder.text(of: "builds")) ?? "").split(separator: "\n").map(String.init)
    }

    private func run(
        _ arguments: String..., as program: String? = nil, path: String? = nil
    ) throws -> Subprocess.Outcome {
        let environment = [
            "PATH": path ?? folder["bin"] + ":/usr/bin:/bin", "HOME": folder["home"],
            "BILLION_COMMIT": "inherited",
        ]
        return try Subprocess(
            program ?? FileSystem.join(checkout, "billion"), arguments, environment: environment
        ).run()
    }

    @Test func itBuildsOnceAndPassesEverythingOn() throws {
        let first = try run("score", "a b", "")
        #expect(first.outputText == "\(checkout)|none|score a b \n")
        #expect(first.ending == .exited(7))
        let notice = "billion: building the program; the first time takes some minutes.\n"
        #expect(first.errorText == notice)
        let second = try run("score")
        #expect(second.errorText.isEmpty)
        #expect(builds.count == 1)
        #expect(builds.first?.hasPrefix("build -c release ") == true)
    }

    @Test(arguments: [
        ("a source is touched", "touch Sources/One/One.swift", 2),
        ("a source is added", "echo >Sources/One/New.swift", 2),
        ("a source is removed", "rm Sources/Two/Two.swift", 2),
        ("a folder is removed", "rm -r Sources/Two", 2),
        ("a source is renamed", "mv Sources/One/One.swift Sources/One/Uno.swift", 2),
        (
            "an older file takes a source's place",
            "echo >old; touch -t 200001010000 old; mv old Sources/One/One.swift", 2
        ),
        ("the package changes", "echo >>Package.swift", 2),
        ("the binary is gone", "rm .build/release/billion", 2),
        ("nothing changes", "true", 1),
        ("something else changes", "echo >README.md; mkdir experiments", 1),
    ])
    func itBuildsAgainOnlyWhenSourcesChange(name: String, change: String, count: Int) throws {
        _ = try run()
        // Past the tick of the file system's clock.
        _ = try Subprocess(
            "sh", ["-c", "sleep 0.05; cd \"$1\" && \(change)", "sh", checkout]
        ).run()
        _ = try run()
        _ = try run()
        #expect(builds.count == count, "\(name)")
    }

    @Test func aChangeDuringTheBuildIsNotMissed() throws {
        try writeSwift(
            """
            mkdir -p .build/release
            printf '#!/bin/sh\\n' >.build/release/billion
            chmod +x .build/release/billion
            sleep 0.1
            echo >>Sources/One/One.swift
            """)
        _ = try run()
        _ = try run()
        #expect(builds.count == 2)
    }

    private struct Screen: Decodable {
        var output: String
        var status: Int
    }

    /// The launcher on a terminal, with a user who does what `steps` say.
    private func watch(_ steps: String) throws -> Screen {
        let words = [Fixtures.path("terminal.py"), FileSystem.join(checkout, "billion")]
        let environment = [
            "PATH": folder["bin"] + ":/usr/bin:/bin", "HOME": folder["home"], "TERM": "xterm",
        ]
        let result = try Subprocess(
            realPython ?? "python3", words, environment: environment,
            input: .bytes(Array(steps.utf8)), timeLimit: .seconds(100)
        ).run()
        return try JSON.decode(Screen.self, from: result.outputText)
    }

    /// A step may take minutes in which the build says nothing.
    @Test(.enabled(if: realPython != nil, needsPython))
    func theTimeGoesOnWhileAStepTakesLong() throws {
        try writeSwift(
            """
            echo '[3/44] Compiling One'
            sleep 3
            mkdir -p .build/release
            printf '#!/bin/sh\\nexit 0\\n' >.build/release/billion
            chmod +x .build/release/billion
            """)
        let output = try watch("[]").output
        #expect(output.contains("\r\u{1B}[Kbuilding, 0:01  [3/44] Compiling One"), "\(output)")
        #expect(output.hasSuffix("\r\u{1B}[K"), "nothing of it stays: \(output)")
        let left = try FileSystem.names(in: FileSystem.join(checkout, ".build/launcher"))
        #expect(left == ["built"])
    }

    @Test(.enabled(if: realPython != nil, needsPython))
    func ctrlCEndsTheBuildAndItsClock() throws {
        try writeSwift("echo '[3/44] Compiling One'; sleep 60")
        let start = ContinuousClock.now
        let screen = try watch("[{\"expect\": \"building, 0:0\"}, {\"send\": \"\\u0003\"}]")
        #expect(screen.status == 130)
        #expect(ContinuousClock.now - start < .seconds(50), "it waited for the build")
        #expect(
            try FileSystem.names(in: FileSystem.join(checkout, ".build/launcher")).isEmpty)
    }

    @Test func aFailedBuildShowsItsOutputAndIsTriedAgain() throws {
        try writeSwift("echo '[1/2] Compiling One'; echo 'One.swift:1: error: no'; exit 1")
        let outcome = try run("--version")
        #expect(outcome.ending == .exited(125))
        #expect(outcome.output.isEmpty)
        #expect(outcome.errorText.contains("One.swift:1: error: no\n"))
        #expect(outcome.errorText.hasSuffix("billion: the build failed; its output is above.\n"))
        _ = try run("--version")
        #expect(builds.count == 2)
    }

    @Test func itIsFoundThroughLinksAndFromElsewhere() throws {
        _ = try run()
        try FileSystem.makeFolder(folder["links"])
        let one = folder["links/one"]
        _ = try Subprocess("ln", ["-s", "../a checkout/billion", one]).run()
        _ = try Subprocess("ln", ["-s", "one", folder["links/two"]]).run()
        #expect(try run("x", as: folder["links/two"]).outputText == "\(checkout)|none|x\n")
        #expect(builds.count == 1)
    }

    @Test func theCommitIsThatOfTheBuild() throws {
        try #require(Subprocess.find("git") != nil, "git is not here")
        func git(_ script: String) throws {
            let script = "cd \"$1\" && \(script)"
            let environment = ["PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": folder["home"]]
            let outcome = try Subprocess(
                "sh", ["-c", script, "sh", checkout], environment: environment
            ).run()
            #expect(outcome.succeeded, "\(outcome.errorText)")
        }
        let commit = "git -c user.name=a -c user.email=a@b commit -q -m x"
        try git("echo .build >.gitignore; git init -q . && git add . && \(commit)")
        try git("git rev-parse HEAD >../head")
        let head = try folder.text(of: "head").filter { !$0.isNewline }
        #expect(try run().outputText == "\(checkout)|\(head)|\n")
        try git("sleep 0.05; echo >>Sources/One/One.swift")
        #expect(try run().outputText == "\(checkout)|\(head)+|\n")
        // The same sources under a new commit.
        try git("sleep 0.05; git add . && \(commit) && git rev-parse HEAD >../head")
        let next = try folder.text(of: "head").filter { !$0.isNewline }
        #expect(next != head)
        #expect(try run().outputText == "\(checkout)|\(next)|\n")
        // What is not built from does not count.
        try git("echo >README.md")
        #expect(try run().outputText == "\(checkout)|\(next)|\n")
        #expect(builds.count == 3)
    }

    @Test func withoutSwiftItSaysWhereToGetIt() throws {
        try FileSystem.remove(folder["bin/swift"])
        let outcome = try run(path: try toolsWithoutSwift())
        #expect(outcome.ending == .exited(2))
        #expect(outcome.errorText.contains("no swift on PATH"))
        #expect(outcome.errorText.contains("https://www.swift.org/install"))
    }

    @Test func withoutRightsItPrintsTheCommandAndInstallsNothing() throws {
        let tools = try toolsWithoutSwift()
        // No library is found, nobody may become root, and apt-get would be noticed.
        try folder.writeScript("#!/bin/sh\nexit 1\n", to: "bin/pkg-config")
        try folder.writeScript("#!/bin/sh\nexit 1\n", to: "bin/sudo")
        try folder.writeScript("#!/bin/sh\necho Linux\n", to: "bin/uname")
        try folder.writeScript("#!/bin/sh\necho 1000\n", to: "bin/id")
        try folder.writeScript("#!/bin/sh\necho x >\"\(folder["apt"])\"\n", to: "bin/apt-get")
        let outcome = try run(path: folder["bin"] + ":" + tools)
        #expect(outcome.ending == .exited(2))
        #expect(
            outcome.errorText.hasSuffix(
                "    sudo apt-get update && sudo apt-get install -y --no-install-recommends "
                    + "libyaml-dev libopenblas-dev libsqlite3-dev\n"))
        #expect(!FileSystem.exists(folder["apt"]))
        #expect(builds.isEmpty)
    }

    @Test func withRightsItShowsAndRunsTheCommand() throws {
        // pkg-config finds the libraries once apt-get has run.
        try folder.writeScript("#!/bin/sh\n[ -e \"\(folder["apt"])\" ]\n", to: "bin/pkg-config")
        try folder.writeScript("#!/bin/sh\necho Linux\n", to: "bin/uname")
        try folder.writeScript("#!/bin/sh\necho 0\n", to: "bin/id")
        try folder.writeScript(
            "#!/bin/sh\necho \"$*\" >>\"\(folder["apt"])\"; echo noise\n", to: "bin/apt-get")
        let outcome = try run("x")
        #expect(outcome.outputText == "\(checkout)|none|x\n")
        #expect(
            outcome.errorText.contains(
                "+ env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install "
                    + "-y --no-install-recommends libyaml-dev libopenblas-dev libsqlite3-dev\n"))
        #expect(try folder.text(of: "apt").split(separator: "\n").count == 2)
    }

    /// A folder with the few tools that the launcher uses, and no `swift`.
    private func toolsWithoutSwift() throws -> String {
        try FileSystem.makeFolder(folder["tools"])
        let names = [
            "sh", "find", "readlink", "uname", "id", "sed", "tr", "cat", "mkdir", "rm", "mv",
            "touch", "date", "dirname", "env",
        ]
        for name in names {
            guard let path = Subprocess.find(name, environment: ["PATH": "/usr/bin:/bin"]) else {
                continue
            }
            _ = try Subprocess("ln", ["-s", path, folder["tools/\(name)"]]).run()
        }
        return folder["tools"]
    }
}
