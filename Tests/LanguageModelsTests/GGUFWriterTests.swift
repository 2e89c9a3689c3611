import Basics
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

/// What the writer writes, the reader reads; what it cannot write leaves nothing behind.
@Suite struct GGUFWriterTests {
    private let f32 = GGMLType.withID(0)!
    private let q8 = GGMLType.withID(8)!

    @Test func roundTrip() throws {
        let folder = try TemporaryFolder()
        let path = folder["a.gguf"]
        let tensors = [
            GGUFWriter.Tensor(name: "scalar", dimensions: [], type: f32),
            GGUFWriter.Tensor(name: "matrix", dimensions: [3, 5], type: f32),
            GGUFWriter.Tensor(name: "blocks", dimensions: [64, 2], type: q8),
        ]
        let writer = try GGUFWriter(
            path: path,
            metadata: [
                ("u32", .uint32(.max)), ("i32", .int32(-7)), ("u64", .uint64(1 << 40)),
                ("f32", .float32(0.1)), ("bool", .bool(true)),
                ("string", .string("naïve \u{1F600}")),
                ("i32s", .int32s([-1, 2])), ("f32s", .float32s([0.5, .infinity])),
                ("strings", .strings([[], [0, 255], Array("x".utf8)])),
                ("copy", .copied(.uint16, arrayCount: 2, [1, 0, 2, 0])),
                ("general.alignment", .uint32(4096)),
            ], tensors: tensors)
        #expect(try FileSystem.names(in: folder.path).count == 1)
        #expect(try FileSystem.names(in: folder.path) != ["a.gguf"])
        let data = tensors.map { tensor in
            (0..<tensor.byteCount).map { UInt8(truncatingIfNeeded: $0) }
        }
        for bytes in data {
            // In pieces, as a converter does.
            for start in stride(from: 0, to: bytes.count, by: 7) {
                try bytes[start..<min(start + 7, bytes.count)].withUnsafeBytes {
                    try writer.append($0)
                }
            }
        }
        try writer.finish()
        #expect(try FileSystem.names(in: folder.path) == ["a.gguf"])

        let file = try GGUFFile(path: path)
        let metadata = file.metadata
        #expect(metadata.entries.count == 10)
        #expect(try metadata.integer("u32") == 4_294_967_295)
        #expect(try metadata.integer("i32") == -7)
        #expect(try metadata.integer("u64") == 1 << 40)
        #expect(try metadata.float("f32") == Double(Float(0.1)))
        #expect(try metadata.bool("bool"))
        #expect(try metadata.string("string") == "naïve \u{1F600}")
        #expect(try metadata.integers("i32s") == [-1, 2])
        #expect(try metadata.floats("f32s") == [0.5, .infinity])
        #expect(try metadata.strings("strings") == [[], [0, 255], [120]])
        #expect(try metadata.integers("copy") == [1, 2])
        #expect(file.tensors.map(\.name) == tensors.map(\.name))
        #expect(file.tensors.map(\.dimensions) == tensors.map(\.dimensions))
        for (tensor, bytes) in zip(file.tensors, data) {
            #expect(tensor.withBytes { Array($0) } == bytes)
        }
        #expect(file.byteCount % 32 == 0)
    }

    /// The same bytes as the hand-made file of the reader's tests.
    @Test func sameBytesAsByHand() throws {
        let folder = try TemporaryFolder()
        let original = try open(GGUFBytes.miniature.bytes)
        let writer = try GGUFWriter(
            path: folder["b.gguf"],
            metadata: original.metadata.entries.map {
                let bytes = original.metadata.rawBytes($0)
                return ($0.key, .copied($0.type, arrayCount: $0.isArray ? $0.count : nil, bytes))
            },
            tensors: original.tensors.map {
                GGUFWriter.Tensor(name: $0.name, dimensions: $0.dimensions, type: $0.type)
            })
        for tensor in original.tensors {
            try tensor.withBytes { try writer.append($0) }
        }
        try writer.finish()
        let header = GGUFBytes.miniature.header
        let written = try MappedFile(path: folder["b.gguf"]).withBytes { Array($0) }
        #expect(Array(written[..<header.count]) == header)
    }

    @Test func vocabularyOnly() throws {
        let folder = try TemporaryFolder()
        let path = folder["vocabulary.gguf"]
        try GGUFWriter(path: path, metadata: [("a", .bool(false))], tensors: []).finish()
        #expect(try GGUFFile(path: path).metadata.bool("a") == false)
    }

    @Test func anUnfinishedWriterLeavesNothing() throws {
        let folder = try TemporaryFolder()
        try folder.write("old", to: "a.gguf")
        do {
            let tensor = GGUFWriter.Tensor(name: "t", dimensions: [8], type: f32)
            let writer = try GGUFWriter(
                path: folder["a.gguf"], metadata: [], tensors: [tensor])
            try [UInt8](repeating: 0, count: 8).withUnsafeBytes { try writer.append($0) }
        }
        #expect(try FileSystem.names(in: folder.path) == ["a.gguf"])
        #expect(try MappedFile(path: folder["a.gguf"]).count == 3)
    }

    /// What a killed writer left goes away with the next one; the file of a living one stays.
    @Test func leftoversAreRemoved() throws {
        let folder = try TemporaryFolder()
        try folder.write("half a file", to: "a.gguf.partial-dead")
        try folder.write("another file", to: "b.gguf.partial-dead")
        let tensor = GGUFWriter.Tensor(name: "t", dimensions: [8], type: f32)
        let living = try GGUFWriter(path: folder["a.gguf"], metadata: [], tensors: [tensor])
        try GGUFWriter(path: folder["a.gguf"], metadata: [], tensors: []).finish()
        let names = try FileSystem.names(in: folder.path)
        #expect(names.count == 3)
        #expect(names.contains("a.gguf") && names.contains("b.gguf.partial-dead"))
        try [UInt8](repeating: 1, count: 32).withUnsafeBytes { try living.append($0) }
        try living.finish()
        #expect(try FileSystem.names(in: folder.path) == ["a.gguf", "b.gguf.partial-dead"])
        #expect(try GGUFFile(path: folder["a.gguf"]).tensors.count == 1)
    }

    @Test func noSuchFolder() throws {
        let error = #expect(throws: BasicsError.self) {
            try GGUFWriter(path: "/no/such/folder/a.gguf", metadata: [], tensors: [])
        }
        #expect(
            error?.description
                == "/no/such/folder/a.gguf: cannot create the file: No such file or directory.")
    }
}
