import Basics
import TestSupport
import Testing

/// The program on processors that lack what this one has, by qemu: no illegal instruction, and the
/// same answer.
@Suite(.enabled(if: SharedData.runsSlowTests, "slow: set BILLION_SLOW_TESTS=1"))
struct PlainProcessorTests {
    /// From before AVX; with AVX but not AVX2; with all but AVX-512.
    static let processors = ["Nehalem", "SandyBridge", "Haswell"]

    @Test(arguments: processors) func generatesWithoutTheInstructions(processor: String) throws {
        guard Subprocess.find("qemu-x86_64") != nil, isX86 else {
            print("skipped: no qemu-x86_64 on the PATH, or this is not an x86-64 machine")
            return
        }
        let words = [
            "generate", "--model", ProjectFolder.tinyModel, "--prompt", "a b c", "--n-gen", "8",
            "--threads", "1",
        ]
        var environment = ["HOME": "/", "PATH": "/usr/bin:/bin"]
        let emulated = try Subprocess(
            "qemu-x86_64", ["-cpu", processor, CommandLineTool.executable] + words,
            environment: environment
        ).run()
        environment["BILLION_ISA"] = processor == "Haswell" ? "avx2" : "scalar"
        let real = try Subprocess(CommandLineTool.executable, words, environment: environment).run()
        #expect(emulated.succeeded, "\(emulated.ending): \(emulated.errorText)")
        #expect(emulated.outputText == real.outputText)
        guard processor != "Haswell" else { return }
        environment["BILLION_ISA"] = "avx2"
        let refused = try Subprocess(
            "qemu-x86_64", ["-cpu", processor, CommandLineTool.executable] + words,
            environment: environment
        ).run()
        #expect(refused.ending == .exited(2))
        #expect(refused.errorText.contains("this processor cannot run 'avx2'"))
    }

    private var isX86: Bool {
        #if arch(x86_64)
            true
        #else
            false
        #endif
    }
}
