import Basics
import TestSupport
import Testing

@testable import Tensors

/// Our bytes against those of the reference implementations: gguf-py, and ggml for quantizing to the K
/// formats.
///
/// `Tests/Fixtures/quantization.py` made the numbers and says how.
@Suite struct QuantizationFixtureTests {
    let sections: [String: [UInt8]]

    init() throws {
        let path = SharedData.packageRoot + "/Tests/Fixtures/quantization.bin"
        let bytes = try MappedFile(path: path).withBytes { Array($0) }
        try #require(Array(bytes[..<8]) == Array("BQUANT01".utf8), "run quantization.py again")
        var sections: [String: [UInt8]] = [:]
        var position = 8
        func next() -> [UInt8] {
            let length = bytes[position..<position + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
            defer { position += 4 + length }
            return Array(bytes[(position + 4)..<(position + 4 + length)])
        }
        while position < bytes.count {
            let name = String(decoding: next(), as: UTF8.self)
            sections[name] = next()
        }
        self.sections = sections
    }

    @Test(arguments: QuantizationRegistry.writable.map { $0.name })
    func quantizesToTheSameBytes(name: String) throws {
        let format = try QuantizationRegistry.format(named: name)
        let values = floats(try #require(sections["values"]))
        let expected = try #require(sections["\(name).blocks"])
        let found = quantized(values, format)
        #expect(found.count == expected.count)
        let differing = zip(found, expected).enumerated().filter { $1.0 != $1.1 }.map(\.offset)
        let blocks = Set(differing.map { $0 / format.blockBytes }).sorted()
        #expect(blocks.isEmpty, "blocks \(blocks)")
    }

    @Test(arguments: QuantizationRegistry.names, [("blocks", "values"), ("noise", "decoded")])
    func readsTheSameNumbers(name: String, labels: (String, String)) throws {
        let format = try #require(QuantizationRegistry.all.first { $0.name == name })
        let blocks = try #require(sections["\(name).\(labels.0)"])
        let expected = floats(try #require(sections["\(name).\(labels.1)"]))
        let found = dequantized(blocks, format)
        #expect(found.map(\.bitPattern) == expected.map(\.bitPattern))
    }

    /// The table of types agrees with the formats.
    @Test(arguments: QuantizationRegistry.names)
    func sizesAgreeWithGGML(name: String) throws {
        let format = try #require(QuantizationRegistry.all.first { $0.name == name })
        let type = try #require(GGMLType.withID(format.ggmlType))
        #expect(type.name == format.name)
        #expect(type.blockElements == format.blockElements)
        #expect(type.blockBytes == format.blockBytes)
    }

    private func floats(_ bytes: [UInt8]) -> [Float] {
        bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }
}

func quantized(_ values: [Float], _ format: any WritableQuantizationFormat.Type) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xA5, count: format.byteCount(elements: values.count))
    format.quantize(values, count: values.count, into: &bytes)
    return bytes
}

func dequantized(_ bytes: [UInt8], _ format: any QuantizationFormat.Type) -> [Float] {
    let count = bytes.count / format.blockBytes * format.blockElements
    var values = [Float](repeating: .nan, count: count)
    format.dequantize(bytes, count: count, into: &values)
    return values
}
