import Testing

@testable import Tensors

@Suite struct BLASLibraryTests {
    /// OpenBLAS takes the oldest kernels for a processor that is newer than itself.
    @Test(arguments: [
        ("Prescott", ["amx", "avx512bf16", "avx512", "avx2", "scalar"], "SkylakeX"),
        ("Nehalem", ["avx2", "scalar"], "Haswell"),
        ("Sandybridge", ["scalar"], nil),
        ("Haswell", ["avx2", "scalar"], nil),
        ("Zen", ["avx512", "avx2", "scalar"], nil),
        ("SkylakeX", ["amx", "avx512", "avx2", "scalar"], nil),
        ("neoversen1", ["neon", "scalar"], nil),
        ("neoversev1", ["neoni8mm", "neon", "scalar"], nil),
        ("", ["neon", "scalar"], nil),
    ]) func takesKernelsOfTheProcessor(found: String, variants: [String], wanted: String?) {
        #expect(BLASLibrary.core(found: found, variants: variants) == wanted)
    }

    @Test func saysWhichLibraryItIs() { #expect(!BLASLibrary.description.isEmpty) }
}
