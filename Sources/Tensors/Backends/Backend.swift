import Basics

/// Which pairs of a head's elements a rotary embedding turns.
package enum RotaryPairing: Sendable {
    /// (2i, 2i+1): the llama family as GGUF stores it.
    case interleaved
    /// (i, i + n/2): GPT-NeoX, StableLM, and the llama family as Hugging Face stores it.
    case halves
}

/// The operations that a decoder-only transformer needs, on memory that a backend owns.
///
/// A forward pass is written once against this protocol. T is the number of rows of a call, at
/// most the rows of its buffers; operations happen in the order of the calls, and `read` waits
/// for those before it. Not for use from several threads at once.
package protocol Backend: AnyObject {
    /// What belongs beside a result: kernel variant, threads, libraries.
    var facts: [String: JSONValue] { get }

    /// Takes weights over; they stay mapped where the backend can use them as they are.
    func makeMatrix(_ host: HostMatrix) throws -> any DeviceMatrix
    /// The same for weights whose rows are looked up (`embed`) and never multiplied.
    func makeLookup(_ host: HostMatrix) throws -> any DeviceMatrix
    /// Weights for guesses: near those of `matrix`, in at most two thirds of the memory. Nil where
    /// there are none, for they are small already, products are to be exact, or the stored weights
    /// are not there any more.
    func makeCoarse(_ matrix: any DeviceMatrix) throws -> (any DeviceMatrix)?
    /// Values [rows, width] that `fill` writes row by row, each once.
    func makeTable(
        rows: Int, width: Int, fill: (_ row: Int, UnsafeMutableBufferPointer<Float>) -> Void
    ) -> any DeviceBuffer
    /// Uninitialised activations [rows, width].
    func makeBuffer(rows: Int, width: Int) -> any DeviceBuffer
    func makeCache(_ shape: CacheShape) -> any DeviceCache

    /// out[t] = table[tokens[t]]; out: [T, D].
    func embed(_ tokens: [Int32], from table: any DeviceMatrix, into out: any DeviceBuffer)
    /// out[t, r] = dot(matrix[r], x[t]); x: [T, columns], out: [T, rows].
    func multiply(
        _ matrix: any DeviceMatrix, _ x: any DeviceBuffer, into out: any DeviceBuffer, rows: Int)
    /// out[t, r] as above with an error as if x had not been rounded for it, which may take twice as
    /// long; out: [T, rows].
    func multiplyPrecisely(
        _ matrix: any DeviceMatrix, _ x: any DeviceBuffer, into out: any DeviceBuffer, rows: Int)
    /// out[t, i] = dot(matrix[chosen[i]], x[t]) for a few rows of a matrix, the same to the bit as
    /// all its rows give; out: [T, at least the chosen].
    func multiply(
        _ matrix: any DeviceMatrix, chosen: [Int], _ x: any DeviceBuffer,
        into out: any DeviceBuffer, rows: Int)
    /// out[t, r] as above for matrices that read the same x; matrix i writes to out[i].
    func multiply(
        _ matrices: [any DeviceMatrix], _ x: any DeviceBuffer, into out: [any DeviceBuffer],
        rows: Int)
    /// out[t] = x[t] / rms(x[t]) * weight; x, out: [T, D].
    func normalize(
        _ x: any DeviceBuffer, weight: any DeviceBuffer, epsilon: Float, into out: any DeviceBuffer,
        rows: Int)
    /// LayerNorm: out[t] = (x[t] - mean) / deviation * weight + bias; x, out: [T, D].
    func center(
        _ x: any DeviceBuffer, weight: any DeviceBuffer, bias: any DeviceBuffer, epsilon: Float,
        into out: any DeviceBuffer, rows: Int)
    /// Turns every head of x by its row's position.
    ///
    /// A head's elements beyond the first 2 * pairs stay as they are.
    ///
    /// - Parameter angles: [positions, 2 * pairs], cosines then sines of one position a row.
    func rotate(
        _ x: any DeviceBuffer, headSize: Int, positions: [Int32], angles: any DeviceBuffer,
        pairing: RotaryPairing)
    /// Keeps keys and values [T, K * headSize]: row t at slot slots[t].
    func store(
        keys: any DeviceBuffer, values: any DeviceBuffer, in cache: any DeviceCache, layer: Int,
        slots: [Int32])
    /// Causal attention within each sequence. queries, out: [T, H * headSize]; H is a multiple of
    /// the cache's heads K, query head h uses head h / (H / K); the scale is 1 / sqrt(headSize).
    ///
    /// What a row gets depends on its sequence's cached values alone: not on the other rows and
    /// sequences of the call, nor on how the slots are cut into spans.
    func attend(
        _ queries: any DeviceBuffer, cache: any DeviceCache, layer: Int,
        sequences: [SequenceRows], into out: any DeviceBuffer)
    /// x[t] += bias; x: [T, width].
    func addBias(_ bias: any DeviceBuffer, to x: any DeviceBuffer, rows: Int)
    /// x = gelu(x), by the error function and not its approximation; x: [T, F].
    func gelu(_ x: any DeviceBuffer, rows: Int)
    /// gate = silu(gate) * up; both [T, F].
    func gate(_ gate: any DeviceBuffer, by up: any DeviceBuffer, rows: Int)
    /// x += y; both [T, D].
    func add(_ y: any DeviceBuffer, to x: any DeviceBuffer, rows: Int)
    /// Copies row `source` of x to row `target` of out; widths are equal.
    func copyRow(_ source: Int, of x: any DeviceBuffer, to target: Int, of out: any DeviceBuffer)
    /// The values of a row, after everything before this call has been computed.
    func withRow<Value>(
        _ row: Int, of buffer: any DeviceBuffer,
        _ body: (UnsafeBufferPointer<Float>) throws -> Value
    ) rethrows -> Value
}
