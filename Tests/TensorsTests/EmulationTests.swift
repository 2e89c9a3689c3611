import Basics
import Tensors
import TestSupport
import Testing

/// Kernels for instruction sets that this machine need not have: Tests/Kernels/compare.c is built
/// with them and compares them with the scalar kernels, AVX-512 and AVX-VNNI by functions in place of
/// the intrinsics (SIMDe's for the most part), NEON by a cross compiler and qemu.
@Suite(.enabled(if: SharedData.runsSlowTests, "slow: set BILLION_SLOW_TESTS=1"))
struct EmulationTests {
    struct Machine: CustomTestStringConvertible, Sendable {
        let variant: String
        let compilers: [String]
        let flags: [String]
        var runner: [String] = []
        var bf16: String?
        var testDescription: String { bf16 ?? variant }
    }

    static let simulated = [
        "-mavx2", "-mfma", "-mf16c", "-DCK_AVXVNNI=", "-DCK_AVX512=", "-DCK_AVX512BF16=",
        "-DCK_AMX=", "-w",
        "-I\(SharedData.packageRoot)/Tests/Kernels/simulated",
    ]
    static let machines = [
        Machine(
            variant: "avx512", compilers: ["clang"], flags: simulated + ["-DBF16=avx512bf16"],
            bf16: "avx512bf16"),
        Machine(
            variant: "avx512", compilers: ["clang"],
            flags: simulated + ["-DBF16=amx", "-DBF16_ELEMENT=bf16_element_by_tiles"], bf16: "amx"),
        Machine(
            variant: "avxvnni", compilers: ["clang"], flags: simulated + ["-DFLOATS=avx2"]),
        Machine(
            variant: "neon", compilers: ["aarch64-linux-gnu-gcc"],
            flags: ["-static", "-Wno-unknown-pragmas"],
            runner: ["qemu-aarch64", "-cpu", "cortex-a76"]),
        Machine(
            variant: "neoni8mm", compilers: ["aarch64-linux-gnu-gcc"],
            flags: ["-static", "-Wno-unknown-pragmas", "-DFLOATS=neon"],
            runner: ["qemu-aarch64", "-cpu", "max"]),
    ]

    @Test(arguments: machines) func equalsTheScalarKernels(machine: Machine) throws {
        guard let compiler = machine.compilers.compactMap({ Subprocess.find($0) }).first else {
            print("skipped: no \(machine.compilers.joined(separator: " or ")) on the PATH")
            return
        }
        if let runner = machine.runner.first, Subprocess.find(runner) == nil {
            print("skipped: no \(runner) on the PATH")
            return
        }
        let folder = try TemporaryFolder()
        let probe = try folder.write("#include <simde/x86/avx512.h>\n", to: "probe.c")
        if machine.variant.hasPrefix("avx") {
            let found = try Subprocess(compiler, ["-fsyntax-only", "-w", probe]).run()
            if !found.succeeded || !KernelVariant.available.contains("avx2") {
                print("skipped: no simde/x86/avx512.h here, or no AVX2")
                return
            }
        }
        let kernels = SharedData.packageRoot + "/Sources/CKernels"
        let sources = try FileSystem.names(in: kernels + "/matmul").filter { $0.hasSuffix(".c") }
        let program = folder["compare"]
        let build = try Subprocess(
            compiler,
            machine.flags + [
                "-std=c17", "-O2", "-fno-math-errno", "-DVARIANT=\(machine.variant)",
                "-I\(kernels)/include", SharedData.packageRoot + "/Tests/Kernels/compare.c",
            ] + sources.map { "\(kernels)/matmul/\($0)" } + ["-lm", "-o", program]
        ).run()
        try #require(build.succeeded, "\(build.errorText)")
        let words = machine.runner + [program]
        let result = try Subprocess(words[0], Array(words.dropFirst())).run()
        #expect(result.succeeded, "\(result.outputText)\(result.errorText)")
        #expect(result.outputText == "0 differences\n")
    }
}
