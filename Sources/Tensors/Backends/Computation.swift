/// How precisely a model computes.
package enum Computation: String, CaseIterable, Sendable {
    /// Quantized weights times activations quantized to 8 bits, as fast engines do; bf16 products
    /// of f16 and bf16 weights where the processor has them (variant avx512bf16), f32 products
    /// where not; an f16 cache of keys and values.
    case auto
    /// f32 activations, products and cache.
    case f32

    package var cacheFormat: CacheFormat { self == .f32 ? .f32 : .f16 }
}
