import Basics
import Dispatch
import Tensors

/// Rewrites a checkpoint in another format, by the rules of llama.cpp's `llama-quantize`.
///
/// Which tensors change is decided by `RequantizationPlan`; everything else is copied. An adapter
/// can be merged on the way: its sums are added before a matrix takes its new format. Memory stays
/// at some tens of megabytes whatever the size of the model.
package struct Requantizer: Sendable {
    /// Counted up when the same input makes another file.
    ///
    /// 2: files made from folders have the tokenizer in them.
    package static let version = 2

    package let input: any Checkpoint
    package let plan: RequantizationPlan
    /// Rows are converted by this many threads at a time.
    package let threads: Int
    private let sums: LowRankSums?
    private let adapterSummary: String?

    /// Decides what becomes of every tensor.
    ///
    /// Throws `CheckpointError` when one cannot be converted.
    package init(
        _ input: any Checkpoint, to target: QuantizationTarget, threads: Int = 1
    ) throws(CheckpointError) {
        self.input = input
        self.threads = max(1, threads)
        sums = nil
        adapterSummary = nil
        plan = try RequantizationPlan(input, target: target)
    }

    /// The same with an adapter added to the weights: W + s B A.
    ///
    /// - Parameter adapter: its modules are layers of the model.
    package init(
        merging adapter: LoRAAdapter, into input: any Checkpoint, as target: QuantizationTarget,
        threads: Int = 1
    ) throws {
        self.input = input
        self.threads = max(1, threads)
        let sums = LowRankSums(adapter, for: try input.configuration().withRowsAsInGGUF)
        self.sums = sums
        adapterSummary = adapter.summary
        plan = try RequantizationPlan(input, target: target) { sums[$0] != nil }
    }

    /// Writes the new file; `progress` hears the tensor bytes read so far and those of the whole file.
    ///
    /// Throws `CheckpointError` for weights that cannot be stored (NaN, infinity, too large), naming the
    /// tensor, and `BasicsError` when writing fails. Nothing is left behind then.
    package func write(
        to path: String,
        progress: (_ doneBytes: Int, _ totalBytes: Int) throws -> Void = { _, _ in }
    ) throws {
        let writer = try GGUFWriter(
            path: path, metadata: metadata(), tensors: plan.steps.map(\.output))
        let total = input.tensors.byteCount
        var done = 0
        var panel = Panel(threads: threads)
        for step in plan.steps {
            try progress(done, total)
            if let conversion = step.conversion {
                try panel.convert(
                    step.input, by: conversion, adding: sums?[step.input.name], into: writer)
            } else {
                try step.input.withBytes { bytes throws(BasicsError) in
                    try writer.append(bytes)
                }
            }
            step.input.release()
            done += step.input.byteRange.count
        }
        try writer.finish()
        try progress(total, total)
    }

    /// The input's pairs in their order, with what has changed replaced or added.
    private func metadata() throws -> [(String, GGUFValue)] {
        var changed: [(String, GGUFValue)] = [
            ("general.file_type", .uint32(plan.target.ggufFileType)),
            ("general.quantization_version", .uint32(2)),
            (
                Self.provenanceKey,
                .string(
                    Self.provenance(of: input)
                        + (adapterSummary.map { ", merged with \($0)" } ?? ""))
            ),
        ]
        var pairs: [(String, GGUFValue)] = []
        for pair in try input.metadataForGGUF() {
            if let index = changed.firstIndex(where: { $0.0 == pair.0 }) {
                pairs.append(changed.remove(at: index))
            } else {
                pairs.append(pair)
            }
        }
        return pairs + changed
    }
}

// MARK: - Provenance

extension Requantizer {
    package static let provenanceKey = "billion.provenance"

    /// What is to be said of a file made from this one: `requantized from q4_1`, or `quantized from f16`.
    ///
    /// A file that was itself made here brings its own story along.
    package static func provenance(of input: any Checkpoint) -> String {
        let source = input.tensors.dominantType
        let wasFloat = source.map { $0.blockElements == 1 } ?? true
        let verb = wasFloat ? "quantized" : "requantized"
        let earlier = input.summary.provenance
        return "\(verb) from \(source?.name ?? "nothing")" + (earlier.map { ", \($0)" } ?? "")
    }
}

// MARK: - Conversion

/// Buffers for a group of rows on its way from one format to another.
private struct Panel {
    /// Elements per thread and turn: the values, 1 MiB, stay in the cache between the two steps.
    private static let elements = 1 << 18
    private let threads: Int
    private var output: [UInt8] = []

    init(threads: Int) { self.threads = threads }

    mutating func convert(
        _ tensor: CheckpointTensor, by conversion: RequantizationPlan.Conversion,
        adding sum: LowRankSums.Sum?, into writer: GGUFWriter
    ) throws {
        let (from, to) = (conversion.from, conversion.to)
        let matrix = try tensor.hostMatrix()
        defer { withExtendedLifetime(matrix.owner) {} }
        let source = matrix.data
        let columns = tensor.columns
        let rowsPerPart = max(1, Self.elements / columns)
        let rowsPerTurn = rowsPerPart * threads * 4
        let inputRow = tensor.bytesPerRow
        let outputRow = to.byteCount(elements: columns)
        output = [UInt8](repeating: 0, count: min(rowsPerTurn, tensor.rows) * outputRow)
        for start in stride(from: 0, to: tensor.rows, by: rowsPerTurn) {
            let rows = min(rowsPerTurn, tensor.rows - start)
            let parts = (rows + rowsPerPart - 1) / rowsPerPart
            let bad = output.withUnsafeMutableBytes { output -> Int? in
                guard let base = output.baseAddress else { return nil }
                nonisolated(unsafe) let target = base
                nonisolated(unsafe) let source = source
                return Self.firstFailure(parts: parts, threads: threads) { part in
                    let first = part * rowsPerPart
                    let count = min(rowsPerPart, rows - first) * columns
                    return Self.convert(
                        source + (start + first) * inputRow, from, count: count,
                        to, target + first * outputRow
                    ) { sum?.add(to: $0, firstRow: start + first, count: count) }
                    .map { (start + first) * columns + $0 }
                }
            }
            if let bad { throw Self.failure(bad, tensor, to: to) }
            try output.withUnsafeBytes {
                try writer.append(UnsafeRawBufferPointer(rebasing: $0[..<(rows * outputRow)]))
            }
        }
    }

    /// Runs the parts, several at a time; the smallest index of a bad element, if any.
    private static func firstFailure(
        parts: Int, threads: Int, _ body: @Sendable (Int) -> Int?
    ) -> Int? {
        guard threads > 1, parts > 1 else {
            for part in 0..<parts {
                if let bad = body(part) { return bad }
            }
            return nil
        }
        return withUnsafeTemporaryAllocation(of: Int.self, capacity: parts) { results in
            nonisolated(unsafe) let results = results
            // Worker w takes parts w, w + threads, ...: every result has one writer.
            DispatchQueue.concurrentPerform(iterations: threads) { worker in
                for part in stride(from: worker, to: parts, by: threads) {
                    results.initializeElement(at: part, to: body(part) ?? -1)
                }
            }
            return results.first { $0 >= 0 }
        }
    }

    /// Converts some rows; the index of the first value that cannot be stored, or nil.
    ///
    /// - Parameter change: is given the values before they are stored.
    private static func convert(
        _ source: UnsafeRawPointer, _ from: any QuantizationFormat.Type, count: Int,
        _ to: any WritableQuantizationFormat.Type, _ destination: UnsafeMutableRawPointer,
        change: (UnsafeMutablePointer<Float>) -> Void
    ) -> Int? {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { values in
            guard let values = values.baseAddress else { return nil }
            from.dequantize(source, count: count, into: values)
            change(values)
            // Bits without the sign are ordered like magnitudes, NaN above infinity above the rest.
            let limit = to.largestMagnitude.bitPattern
            var largest: UInt32 = 0
            for i in 0..<count { largest = max(largest, values[i].bitPattern & 0x7FFF_FFFF) }
            guard largest <= limit else {
                return (0..<count).first { values[$0].bitPattern & 0x7FFF_FFFF > limit }
            }
            to.quantize(values, count: count, into: destination)
            return nil
        }
    }

    private static func failure(
        _ index: Int, _ tensor: CheckpointTensor, to: any WritableQuantizationFormat.Type
    ) -> CheckpointError {
        let columns = tensor.columns
        let place = "row \(index / columns), column \(index % columns)"
        let value = (try? tensor.value(at: index)) ?? .nan
        let found = value.isFinite ? "\(value), too large for \(to.name)" : "\(value)"
        return tensor.fail("\(place) is \(found); it cannot be quantized.")
    }
}

extension CheckpointTensor {
    /// One value, for a message.
    fileprivate func value(at index: Int) throws -> Float {
        let format = try format()
        let block = index / format.blockElements
        var values = [Float](repeating: 0, count: format.blockElements)
        withBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            format.dequantize(
                base + block * format.blockBytes, count: format.blockElements, into: &values)
        }
        return values[index % format.blockElements]
    }
}
