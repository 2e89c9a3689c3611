#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

func exponential(_ value: Float) -> Float { expf(value) }
package func exponential(_ value: Double) -> Double { exp(value) }
package func logarithm(_ value: Double) -> Double { log(value) }
