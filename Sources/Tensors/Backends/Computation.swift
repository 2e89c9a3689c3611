/// How precisely a model computes.
package struct Computation: Hashable, Sendable {
    package enum Products: String, CaseIterable, Sendable {
        /// Quantized weights times activations quantized to 8 bits, as fast engines do; bf16
        /// products of f16 and bf16 weights where the processor has them (`avx512bf16`, `amx`),
        /// f32 products where not.
        case auto
        /// f32 activations and products.
        case f32
    }

    package var products: Products
    /// What keys and values are kept in.
    package var cacheFormat: CacheFormat

    /// - Parameter cacheFormat: f32 for f32 products and f16 for others when nil.
    package init(_ products: Products, cacheFormat: CacheFormat? = nil) {
        self.products = products
        self.cacheFormat = cacheFormat ?? (products == .f32 ? .f32 : .f16)
    }

    package static let auto = Computation(.auto)
    package static let f32 = Computation(.f32)
}
