import Basics
import Tensors

/// A backend on which some matrices have a low-rank addition: y = W x + B (A x).
///
/// The stored weights stay what they are, in whatever format, and the addition is computed in f32
/// from the operations that every backend has. Architectures need not know.
final class AdaptedBackend: Backend {
    private let base: any Backend
    /// A x of one call, [T, rank], and B (A x) by its width; they grow with the passes.
    private var products: [Int: any DeviceBuffer] = [:]

    init(_ base: any Backend) { self.base = base }

    /// A matrix of the base with an addition to its products.
    private final class AdaptedMatrix: DeviceMatrix {
        let matrix: any DeviceMatrix
        /// [rank, columns].
        let a: any DeviceMatrix
        /// [rows, rank], scaled.
        let b: any DeviceMatrix

        init(matrix: any DeviceMatrix, a: any DeviceMatrix, b: any DeviceMatrix) {
            self.matrix = matrix
            self.a = a
            self.b = b
        }

        var rows: Int { matrix.rows }
        var columns: Int { matrix.columns }
    }

    /// - Parameters:
    ///   - a: [rank, columns]; matrices that read the same input may share it.
    ///   - b: [rows, rank], scaled.
    func makeMatrix(_ host: HostMatrix, a: any DeviceMatrix, b: HostMatrix) throws
        -> any DeviceMatrix
    {
        precondition(b.rows == host.rows && a.rows == b.columns && a.columns == host.columns)
        return AdaptedMatrix(
            matrix: try base.makeMatrix(host), a: a, b: try base.makeMatrix(b))
    }

    // MARK: Products

    func multiply(
        _ matrix: any DeviceMatrix, _ x: any DeviceBuffer, into out: any DeviceBuffer, rows: Int
    ) {
        guard let adapted = matrix as? AdaptedMatrix else {
            return base.multiply(matrix, x, into: out, rows: rows)
        }
        base.multiply(adapted.matrix, x, into: out, rows: rows)
        add(adapted.b, reduced(x, by: adapted.a, rows: rows), to: out, rows: rows)
    }

    func multiplyPrecisely(
        _ matrix: any DeviceMatrix, _ x: any DeviceBuffer, into out: any DeviceBuffer, rows: Int
    ) {
        base.multiplyPrecisely(Self.plain(matrix), x, into: out, rows: rows)
        guard let adapted = matrix as? AdaptedMatrix else { return }
        add(adapted.b, reduced(x, by: adapted.a, rows: rows), to: out, rows: rows)
    }

    func multiply(
        _ matrices: [any DeviceMatrix], _ x: any DeviceBuffer, into out: [any DeviceBuffer],
        rows: Int
    ) {
        base.multiply(matrices.map(Self.plain), x, into: out, rows: rows)
        var reduced: (by: any DeviceMatrix, x: any DeviceBuffer)?
        for (matrix, out) in zip(matrices, out) {
            guard let adapted = matrix as? AdaptedMatrix else { continue }
            // Parts of one stacked matrix share A, and follow one another.
            if reduced?.by !== adapted.a {
                reduced = (adapted.a, self.reduced(x, by: adapted.a, rows: rows))
            }
            if let reduced { add(adapted.b, reduced.x, to: out, rows: rows) }
        }
    }

    func multiply(
        _ matrix: any DeviceMatrix, chosen: [Int], _ x: any DeviceBuffer,
        into out: any DeviceBuffer, rows: Int
    ) {
        base.multiply(Self.plain(matrix), chosen: chosen, x, into: out, rows: rows)
        guard let adapted = matrix as? AdaptedMatrix else { return }
        let update = product(rows: rows, width: out.width, isUpdate: true)
        base.multiply(
            adapted.b, chosen: chosen, reduced(x, by: adapted.a, rows: rows), into: update,
            rows: rows)
        base.add(update, to: out, rows: rows)
    }

    /// A x, [T, rank].
    private func reduced(_ x: any DeviceBuffer, by a: any DeviceMatrix, rows: Int)
        -> any DeviceBuffer
    {
        let product = product(rows: rows, width: a.rows)
        base.multiply(a, x, into: product, rows: rows)
        return product
    }

    /// out += B x; x: [T, rank].
    private func add(
        _ b: any DeviceMatrix, _ x: any DeviceBuffer, to out: any DeviceBuffer, rows: Int
    ) {
        // Of another width than x but for matrices of `rank` rows, which have the rank of no use.
        let update = product(rows: rows, width: b.rows, isUpdate: true)
        base.multiply(b, x, into: update, rows: rows)
        base.add(update, to: out, rows: rows)
    }

    private func product(rows: Int, width: Int, isUpdate: Bool = false) -> any DeviceBuffer {
        let key = isUpdate ? -width : width
        if let buffer = products[key], buffer.rows >= rows { return buffer }
        let buffer = base.makeBuffer(rows: rows, width: width)
        products[key] = buffer
        return buffer
    }

    private static func plain(_ matrix: any DeviceMatrix) -> any DeviceMatrix {
        (matrix as? AdaptedMatrix)?.matrix ?? matrix
    }
}

// MARK: - As the base does it

extension AdaptedBackend {
    var facts: [String: JSONValue] { base.facts }

    func makeMatrix(_ host: HostMatrix) throws -> any DeviceMatrix { try base.makeMatrix(host) }

    func makeLookup(_ host: HostMatrix) throws -> any DeviceMatrix { try base.makeLookup(host) }

    /// None with an addition, which is more than the stored weights are.
    func makeCoarse(_ matrix: any DeviceMatrix) throws -> (any DeviceMatrix)? {
        matrix is AdaptedMatrix ? nil : try base.makeCoarse(matrix)
    }

    func makeTable(
        rows: Int, width: Int, fill: (_ row: Int, UnsafeMutableBufferPointer<Float>) -> Void
    ) -> any DeviceBuffer {
        base.makeTable(rows: rows, width: width, fill: fill)
    }

    func makeBuffer(rows: Int, width: Int) -> any DeviceBuffer {
        base.makeBuffer(rows: rows, width: width)
    }

    func makeCache(_ shape: CacheShape) -> any DeviceCache { base.makeCache(shape) }

    func embed(_ tokens: [Int32], from table: any DeviceMatrix, into out: any DeviceBuffer) {
        base.embed(tokens, from: Self.plain(table), into: out)
    }

    func normalize(
        _ x: any DeviceBuffer, weight: any DeviceBuffer, epsilon: Float, into out: any DeviceBuffer,
        rows: Int
    ) {
        base.normalize(x, weight: weight, epsilon: epsilon, into: out, rows: rows)
    }

    func center(
        _ x: any DeviceBuffer, weight: any DeviceBuffer, bias: any DeviceBuffer, epsilon: Float,
        into out: any DeviceBuffer, rows: Int
    ) {
        base.center(x, weight: weight, bias: bias, epsilon: epsilon, into: out, rows: rows)
    }

    func rotate(
        _ x: any DeviceBuffer, headSize: Int, positions: [Int32], angles: any DeviceBuffer,
        pairing: RotaryPairing
    ) {
        base.rotate(x, headSize: headSize, positions: positions, angles: angles, pairing: pairing)
    }

    func store(
        keys: any DeviceBuffer, values: any DeviceBuffer, in cache: any DeviceCache, layer: Int,
        slots: [Int32]
    ) {
        base.store(keys: keys, values: values, in: cache, layer: layer, slots: slots)
    }

    func attend(
        _ queries: any DeviceBuffer, cache: any DeviceCache, layer: Int,
        sequences: [SequenceRows], into out: any DeviceBuffer
    ) {
        base.attend(queries, cache: cache, layer: layer, sequences: sequences, into: out)
    }

    func addBias(_ bias: any DeviceBuffer, to x: any DeviceBuffer, rows: Int) {
        base.addBias(bias, to: x, rows: rows)
    }

    func gelu(_ x: any DeviceBuffer, rows: Int) { base.gelu(x, rows: rows) }

    func gate(_ gate: any DeviceBuffer, by up: any DeviceBuffer, rows: Int) {
        base.gate(gate, by: up, rows: rows)
    }

    func add(_ y: any DeviceBuffer, to x: any DeviceBuffer, rows: Int) {
        base.add(y, to: x, rows: rows)
    }

    func copyRow(_ source: Int, of x: any DeviceBuffer, to target: Int, of out: any DeviceBuffer) {
        base.copyRow(source, of: x, to: target, of: out)
    }

    func withRow<Value>(
        _ row: Int, of buffer: any DeviceBuffer,
        _ body: (UnsafeBufferPointer<Float>) throws -> Value
    ) rethrows -> Value {
        try base.withRow(row, of: buffer, body)
    }
}
