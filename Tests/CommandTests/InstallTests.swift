import Basics
import TestSupport
import Testing

/// Completions, the manual page and the installed program.
@Suite struct InstallTests {
    private let project: ProjectFolder

    init() throws { project = try ProjectFolder() }

    // MARK: Completions

    /// What bash would offer for the words typed so far.
    private func offered(_ words: String...) throws -> [String] {
        let script = """
            source "$1"; shift
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
            _billion; printf '%s\\n' "${COMPREPLY[@]}"
            """
        let file = try project.write(
            project.run("completion", "bash").output, to: "billion.bash")
        let outcome = try Subprocess("bash", ["-c", script, "bash", file] + words).run()
        #expect(outcome.errorText.isEmpty)
        return outcome.outputText.split(separator: "\n").map(String.init)
    }

    @Test(.enabled(if: Subprocess.find("bash") != nil, "needs bash"))
    func bashCompletes() throws {
        #expect(try offered("billion", "exp") == ["explain", "export"])
        #expect(try offered("billion", "models", "q") == ["quantize"])
        #expect(try offered("billion", "plan", "x.yaml", "--pr") == ["--probe"])
        #expect(try offered("billion", "run", "exp") == [], "files are left to the shell")
        #expect(try offered("billion", "completion", "") == ["bash", "zsh", "fish", "--help"])
        let first = try offered("billion", "")
        for command in CommandLineTool.commands { #expect(first.contains(command)) }
        #expect(!first.contains { $0.hasPrefix("__") })
    }

    @Test(arguments: ["zsh", "fish"])
    func otherShellsAreGivenEveryOption(shell: String) throws {
        let script = try project.run("completion", shell).output
        for command in CommandLineTool.commands {
            #expect(script.contains(command))
            for line in try project.run(command, "--help").lines where line.hasPrefix("  --") {
                let option = line.dropFirst(4).prefix { $0 != " " }
                let written = shell == "zsh" ? "--\(option)[" : "-l \(option) "
                #expect(script.contains(written), "\(command) --\(option)")
            }
        }
        guard Subprocess.find(shell) != nil else { return }
        let file = try project.write(script, to: "script")
        let outcome = try Subprocess(shell, ["-n", file]).run()
        #expect(outcome.succeeded, "\(outcome.errorText)")
    }

    @Test func anUnknownShell() throws {
        let result = try project.run("completion", "bsah")
        #expect(result.status == 2)
        #expect(
            result.errors.hasPrefix(
                "billion completion: no completions for 'bsah'. Did you mean 'bash'?\n"))
    }

    // MARK: Manual

    @Test func theManualHasEveryCommand() throws {
        let page = try project.run("man").output
        for command in CommandLineTool.commands { #expect(page.contains(".SS billion \(command)")) }
        guard Subprocess.find("groff") != nil else { return }
        let outcome = try Subprocess(
            "groff", ["-man", "-ww", "-z", "-Tutf8"], input: .bytes(Array(page.utf8))
        ).run()
        #expect(outcome.errorText.isEmpty && outcome.succeeded, "\(outcome.errorText)")
    }

    @Test func everyCommandHasTwoExamples() throws {
        for command in CommandLineTool.commands {
            let help = try project.run(command, "--help").lines
            let start = try #require(help.firstIndex(of: "examples:"), "\(command)")
            let examples = help[(start + 1)...].filter { $0.contains("billion \(command)") }
            #expect(examples.count >= 2, "\(command)")
        }
    }

    // MARK: Installed

    @Test func theInstalledProgramNeedsNothingElse() throws {
        let prefix = project.temporary["a prefix"]
        let result = try project.run(
            "install", "--prefix", prefix, setting: ["BILLION_CHECKOUT": SharedData.packageRoot])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.lines.first == prefix + "/bin/billion")
        #expect(result.errors.contains("is not on your PATH"))
        let program = prefix + "/bin/billion"
        #expect(
            try FileSystem.size(of: program)
                <= FileSystem.size(of: CommandLineTool.executable))
        for name in [
            "man/man1/billion.1", "bash-completion/completions/billion",
            "zsh/site-functions/_billion", "fish/vendor_completions.d/billion.fish",
        ] {
            #expect(FileSystem.isFile("\(prefix)/share/\(name)"), "\(name)")
        }
        // Nothing but a home; the toolchain's libraries are found neither by path nor by variable
        // when the build links them in, which debug builds do not.
        var bare = ["HOME": project.temporary["home"]]
        if !CommandLineTool.isLinkedStatically {
            bare["LD_LIBRARY_PATH"] = project.tool.environment["LD_LIBRARY_PATH"]
        }
        let version = try Subprocess(program, ["--version"], environment: bare).run()
        #expect(version.succeeded && version.outputText.hasPrefix("billion "))
        let list = try Subprocess(
            "/bin/sh", ["-c", "cd \"$1\" && exec \"$2\" datasets list", "sh", "/", program],
            environment: bare
        ).run()
        #expect(list.outputText.contains("the program's datasets/mini-mmlu"))
        // Once more from itself, over itself.
        let again = try Subprocess(
            program, ["install", "--prefix", prefix],
            environment: bare.merging(["PATH": "\(prefix)/bin:/usr/bin:/bin"]) { $1 }
        ).run()
        #expect(again.succeeded && again.errorText.isEmpty, "\(again.errorText)")
        #expect(try Subprocess(program, ["--version"], environment: bare).run().succeeded)
    }
}
