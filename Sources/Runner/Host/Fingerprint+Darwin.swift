#if os(macOS)
    import Darwin

    extension Fingerprint {
        static func processor() -> String {
            text("machdep.cpu.brand_string").map { tidy($0) } ?? "unknown"
        }

        static func cores() -> Int { max(1, Int(number("hw.activecpu") ?? 1)) }

        static func memoryBytes() -> Int64 { number("hw.memsize") ?? 0 }

        /// The machine's: macOS compresses and writes out what other programs do not use.
        static func availableMemoryBytes() -> Int64? { number("hw.memsize") }

        static func operatingSystem() -> String {
            let kernel = "Darwin \(majorMinor(text("kern.osrelease") ?? ""))"
            guard let version = text("kern.osproductversion") else { return tidy(kernel) }
            return tidy("macOS \(majorMinor(version)), \(kernel)")
        }

        private static func text(_ name: String) -> String? {
            var size = 0
            guard sysctlbyname(name, nil, &size, nil, 0) == 0, size > 0 else { return nil }
            var bytes = [UInt8](repeating: 0, count: size)
            guard sysctlbyname(name, &bytes, &size, nil, 0) == 0 else { return nil }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }

        private static func number(_ name: String) -> Int64? {
            var bytes = [UInt8](repeating: 0, count: 8)
            var size = bytes.count
            guard sysctlbyname(name, &bytes, &size, nil, 0) == 0 else { return nil }
            // Some values have four bytes; both machines that macOS runs on are little-endian.
            return bytes.prefix(size).reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) }
        }
    }
#endif
