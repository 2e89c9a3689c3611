/// How precisely a model computes.
package enum Computation: String, CaseIterable, Sendable {
    /// Quantized weights times activations quantized to 8 bits, as fast engines do; f32 products
    /// for weights in floating point; an f16 cache of keys and values.
    case auto
    /// f32 activations, products and cache.
    case f32

    package var cacheFormat: CacheFormat { self == .f32 ? .f32 : .f16 }
}
