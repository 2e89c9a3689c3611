import Basics
import Tensors

/// A file of weights in safetensors, mapped into memory.
///
/// Opening checks the whole header by the rules of the reference implementation, and refuses
/// duplicate names too, so that every tensor handed out lies inside the file.
package final class SafetensorsFile: Sendable {
    /// Numbers that tensors are made of, by the names in the header, with their bytes.
    private static let dtypes: [String: Int] = [
        "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "I16": 2, "U16": 2,
        "F16": 2, "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8, "C64": 8,
    ]
    /// The reference's limit.
    private static let headerLimit = 100_000_000

    /// One tensor, its bytes counted from the start of the file.
    package struct Tensor: Sendable {
        package let name: String
        package let dtype: String
        /// Rows first.
        package let shape: [Int]
        package let byteRange: Range<Int>
    }

    /// In the order of their bytes.
    package let tensors: [Tensor]
    package let map: MappedFile

    package var path: String { map.path }

    package convenience init(path: String) throws { try self.init(MappedFile(path: path)) }

    package init(_ map: MappedFile) throws(CheckpointError) {
        self.map = map
        tensors = try map.withBytes { bytes throws(CheckpointError) in
            try Self.readHeader(bytes, file: map.path)
        }
    }

    /// The values of a tensor of this file, in f32.
    ///
    /// Throws for numbers other than F32, F16 and BF16.
    package func floats(_ tensor: Tensor) throws(CheckpointError) -> [Float] {
        let type = GGMLType.all.first { $0.name == tensor.dtype.lowercased() }
        guard let type, ["f32", "f16", "bf16"].contains(type.name) else {
            throw CheckpointError(
                file: path,
                "tensor \(quoted(tensor.name)): its numbers are \(tensor.dtype); wanted F32, F16 "
                    + "or BF16.")
        }
        return try CheckpointTensor(
            name: tensor.name, dimensions: tensor.shape.reversed(), type: type,
            byteRange: tensor.byteRange, file: map
        ).floats()
    }

    // MARK: Header

    private static func readHeader(_ bytes: UnsafeRawBufferPointer, file: String)
        throws(CheckpointError) -> [Tensor]
    {
        func fail(_ problem: String) -> CheckpointError { CheckpointError(file: file, problem) }
        guard bytes.count >= 8 else {
            throw fail("this is not a safetensors file: it has \(bytes.count) bytes, wanted 8.")
        }
        let claimed = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard claimed <= UInt64(headerLimit) else {
            throw fail(
                "this is not a safetensors file: its header claims \(claimed) bytes, wanted at "
                    + "most \(headerLimit).")
        }
        let dataStart = 8 + Int(claimed)
        guard dataStart <= bytes.count else {
            throw fail(
                "the header claims \(claimed) bytes, the file has \(bytes.count - 8) after its "
                    + "length. It is incomplete; fetch it again.")
        }
        let header = UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart])
        var described: [Described]
        do {
            described = try describe(header)
        } catch let error as JSONSyntaxError {
            throw fail("header, \(error)")
        } catch let error as Described.Problem {
            throw fail(error.text)
        } catch {
            throw fail("header: \(error).")
        }
        described.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
        return try place(described, in: dataStart..<bytes.count, fail)
    }

    /// The tensors as the header describes them, each sound in itself.
    private static func describe(_ header: UnsafeRawBufferPointer) throws -> [Described] {
        var described: [Described] = []
        var parser = JSONParser(header)
        try parser.object { (name, parser) throws in
            if name == "__metadata__" {
                try parser.object { (_, parser) throws in _ = try parser.string() }
            } else {
                described.append(try Described(name, &parser, dtypes: dtypes))
            }
        }
        try parser.finish()
        return described
    }

    /// Checks that the tensors cover the data without holes and overlaps.
    private static func place(
        _ described: [Described], in data: Range<Int>, _ fail: (String) -> CheckpointError
    ) throws(CheckpointError) -> [Tensor] {
        var tensors: [Tensor] = []
        tensors.reserveCapacity(described.count)
        var expected = 0
        for tensor in described {
            guard tensor.begin == expected else {
                let problem =
                    tensor.begin < expected ? "overlaps the tensor before it" : "leaves a hole"
                throw fail(
                    "tensor \(quoted(tensor.name)): data_offsets begin at \(tensor.begin), which "
                        + "\(problem); wanted \(expected).")
            }
            guard tensor.end <= data.count else {
                throw fail(
                    "tensor \(quoted(tensor.name)): its data ends at \(tensor.end), the file has "
                        + "\(data.count) bytes of data. It is incomplete; fetch it again.")
            }
            expected = tensor.end
            tensors.append(
                Tensor(
                    name: tensor.name, dtype: tensor.dtype, shape: tensor.shape,
                    byteRange: data.lowerBound + tensor.begin..<data.lowerBound + tensor.end))
        }
        guard expected == data.count else {
            throw fail(
                "the tensors end at byte \(expected) of the data, the file has \(data.count).")
        }
        return tensors
    }
}

/// A tensor of the header whose place has not been checked.
private struct Described {
    struct Problem: Error {
        let text: String
    }

    let name: String
    let dtype: String
    let shape: [Int]
    let begin: Int
    let end: Int

    init(_ name: String, _ parser: inout JSONParser, dtypes: [String: Int]) throws {
        let what = "tensor \(quoted(name))"
        var (dtype, shape, offsets) = (String?.none, [Int]?.none, [Int]?.none)
        try parser.object { (key, parser) throws in
            switch key {
            case "dtype": dtype = try parser.string()
            case "shape": shape = try Self.integers(&parser, "shape of \(what)", limit: 16)
            case "data_offsets":
                offsets = try Self.integers(&parser, "data_offsets of \(what)", limit: 2)
            default: throw Problem(text: "\(what): there is no field \(quoted(key)).")
            }
        }
        guard let dtype, let shape, let offsets, offsets.count == 2 else {
            let found =
                if dtype == nil {
                    "no dtype"
                } else if shape == nil {
                    "no shape"
                } else {
                    "\(offsets?.count ?? 0) data_offsets"
                }
            throw Problem(
                text: "\(what): wanted dtype, shape and two data_offsets, found \(found).")
        }
        guard let size = dtypes[dtype] else {
            throw Problem(text: "\(what): dtype \(quoted(dtype)) is not supported.")
        }
        var bytes = size
        for dimension in shape {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: dimension)
            guard !overflow else {
                throw Problem(text: "\(what): shape \(shape) has more bytes than can be counted.")
            }
            bytes = product
        }
        (begin, end) = (offsets[0], offsets[1])
        guard begin <= end, end - begin == bytes else {
            throw Problem(
                text: "\(what): data_offsets [\(begin), \(end)] are not the \(bytes) bytes of "
                    + "\(dtype) \(shape).")
        }
        self.name = name
        self.dtype = dtype
        self.shape = shape
    }

    private static func integers(_ parser: inout JSONParser, _ what: String, limit: Int) throws
        -> [Int]
    {
        var values: [Int] = []
        try parser.array { (parser) throws in
            let value = try parser.integer()
            guard value >= 0 else { throw Problem(text: "\(what): \(value) is negative.") }
            guard values.count < limit else {
                throw Problem(text: "\(what): more than \(limit) numbers.")
            }
            values.append(value)
        }
        return values
    }
}
