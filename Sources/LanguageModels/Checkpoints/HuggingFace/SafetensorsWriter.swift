import Basics

/// Writes small safetensors files of f32 numbers: adapters, states of training.
package enum SafetensorsWriter {
    /// One tensor; `shape` has rows first.
    package struct Tensor: Sendable {
        package let name: String
        package let shape: [Int]
        package let values: [Float]

        package init(name: String, shape: [Int], values: [Float]) {
            precondition(values.count == shape.reduce(1, *), "as many values as the shape has")
            self.name = name
            self.shape = shape
            self.values = values
        }
    }

    /// The whole file: equal tensors give equal bytes.
    ///
    /// - Parameter tensors: of different names; they lie in the file in this order.
    /// - Parameter metadata: `__metadata__`; transformers and PEFT want `format: pt`.
    package static func bytes(_ tensors: [Tensor], metadata: [String: String] = ["format": "pt"])
        throws -> [UInt8]
    {
        var header: [String: JSONValue] = [
            "__metadata__": .object(metadata.mapValues { .string($0) })
        ]
        var end = 0
        for tensor in tensors {
            let start = end
            end += 4 * tensor.values.count
            let entry: JSONValue = .object([
                "dtype": .string("F32"),
                "shape": .array(tensor.shape.map { .integer(Int64($0)) }),
                "data_offsets": .array([.integer(Int64(start)), .integer(Int64(end))]),
            ])
            let earlier = header.updateValue(entry, forKey: tensor.name)
            precondition(earlier == nil, "tensors have different names")
        }
        var text = Array(try JSON.text(header).utf8)
        // The reference begins data on multiples of 8.
        while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + text.count + end)
        withUnsafeBytes(of: UInt64(text.count).littleEndian) { bytes += $0 }
        bytes += text
        for tensor in tensors {
            for value in tensor.values {
                withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
            }
        }
        return bytes
    }

    /// Replaces the file: whoever looks sees the old or the new one.
    package static func write(
        _ tensors: [Tensor], metadata: [String: String] = ["format": "pt"], to path: String
    ) throws {
        try FileSystem.write(bytes(tensors, metadata: metadata), atomicallyTo: path)
    }
}
