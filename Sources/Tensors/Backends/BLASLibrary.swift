import COpenBLAS

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The BLAS that training multiplies with.
package enum BLASLibrary {
    /// Name, version and build, and the environment in which jobs use it.
    package static var description: String {
        let words = String(cString: billion_blas_description()).split(separator: " ")
        let settings = environment.map { "\($0.key)=\($0.value)" }
        return (words.map(String.init) + settings).joined(separator: " ")
    }

    /// What a process must find in its environment for BLAS to use this processor.
    ///
    /// Empty when BLAS does by itself, or a person has chosen. It counts when the library is loaded,
    /// which is before `main`.
    package static var environment: [String: String] {
        if getenv(setting) != nil { return [:] }
        let core = core(
            found: String(cString: billion_blas_core()), variants: KernelVariant.available)
        return core.map { [setting: $0] } ?? [:]
    }

    /// The kernels for OpenBLAS to use when it has taken those of a processor of another age: it
    /// takes the oldest for a processor that is newer than itself.
    static func core(found: String, variants: [String]) -> String? {
        guard oldCores.contains(found.lowercased()) else { return nil }
        if variants.contains("avx512") { return "SkylakeX" }
        return variants.contains("avx2") ? "Haswell" : nil
    }

    private static let setting = "OPENBLAS_CORETYPE"
    /// Names of OpenBLAS's kernels that know no AVX2.
    private static let oldCores: Set = [
        "generic", "katmai", "coppermine", "northwood", "prescott", "banias", "atom", "core2",
        "penryn", "dunnington", "nehalem", "sandybridge", "athlon", "opteron", "opteron(sse3)",
        "barcelona", "nano", "bobcat", "bulldozer", "piledriver", "steamroller",
    ]
}
