import Basics

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

func logarithm(_ value: Double) -> Double { log(value) }

/// Where a training is: what a checkpoint holds.
package struct TrainingState: Sendable, Equatable {
    package var updates: [TrainingUpdate]
    /// Value, first and second moment of every trained matrix, in the adapter's order.
    package var tensors: [[[Float]]]
}

// MARK: - Files

/// A file of a `TrainingState`: 8 bytes of magic, the digest of what is trained, the state, and the
/// SHA-256 of all that. Digests are hexadecimal digits, numbers little-endian.
extension TrainingState {
    private static let magic = Array("BLNTRN01".utf8)

    /// - Parameter identity: the digest of model, data and options.
    package func write(to path: String, identity: String) throws {
        var bytes = Self.magic + Array(identity.utf8)
        func append(_ number: Int) {
            withUnsafeBytes(of: UInt64(number).littleEndian) { bytes += $0 }
        }
        append(updates.count)
        for update in updates {
            append(update.tokens)
            append(update.hits)
            for number in update.numbers {
                withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes += $0 }
            }
        }
        append(tensors.count)
        for matrices in tensors {
            append(matrices.count)
            for values in matrices {
                append(values.count)
                values.withUnsafeBytes { bytes += $0 }
            }
        }
        bytes += Self.digest(bytes[...])
        try FileSystem.write(bytes, atomicallyTo: path)
    }

    /// Nil when there is no file, or it is of another training or damaged: it can be made again.
    package init?(file path: String, identity: String) {
        let beginning = Self.magic + Array(identity.utf8)
        guard let bytes = try? FileSystem.read(path), bytes.count >= beginning.count + 64,
            bytes.starts(with: beginning), Self.digest(bytes.dropLast(64)) == bytes.suffix(64)
        else { return nil }
        var rest = bytes.dropFirst(beginning.count).dropLast(64)
        func word() -> UInt64? {
            guard rest.count >= 8 else { return nil }
            defer { rest = rest.dropFirst(8) }
            return rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        func number() -> Int? { word().flatMap { Int(exactly: $0) } }
        var updates: [TrainingUpdate] = []
        for index in 0..<(number() ?? 0) {
            guard let tokens = number(), let hits = number(), let loss = word(), let rate = word(),
                let norm = word(), let seconds = word()
            else { return nil }
            updates.append(
                TrainingUpdate(
                    number: index + 1, loss: Double(bitPattern: loss),
                    learningRate: Double(bitPattern: rate),
                    gradientNorm: Double(bitPattern: norm), tokens: tokens, hits: hits,
                    seconds: Double(bitPattern: seconds)))
        }
        guard let count = number() else { return nil }
        var tensors: [[[Float]]] = []
        for _ in 0..<count {
            guard let matrices = number() else { return nil }
            var values: [[Float]] = []
            for _ in 0..<matrices {
                guard let count = number(), count <= rest.count / 4 else { return nil }
                let floats = [Float](unsafeUninitializedCapacity: count) { buffer, filled in
                    UnsafeMutableRawBufferPointer(buffer).copyBytes(from: rest.prefix(4 * count))
                    filled = count
                }
                values.append(floats)
                rest = rest.dropFirst(4 * count)
            }
            tensors.append(values)
        }
        self.init(updates: updates, tensors: tensors)
    }

    private static func digest(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update($0) }
        return Array(hash.hexDigest().utf8)[...]
    }
}

extension TrainingUpdate {
    /// What of it is not counted.
    fileprivate var numbers: [Double] { [loss, learningRate, gradientNorm, seconds] }
}
