/// How ggml numbers the element types of a file's tensors.
///
/// The table holds every type that exists, also those without a `QuantizationFormat` here: their sizes
/// are needed to check a file's layout, their names to say what is not supported.
package struct GGMLType: Hashable, Sendable, CustomStringConvertible {
    package let id: UInt32
    package let name: String
    /// Elements that are stored together; a row is a whole number of blocks.
    package let blockElements: Int
    package let blockBytes: Int

    package var description: String { name }

    /// The type with this number, or nil for numbers never given out or removed from the format.
    package static func withID(_ id: UInt32) -> GGMLType? { all.first { $0.id == id } }

    /// Bytes of `count` elements, `count` being a multiple of `blockElements`.
    package func byteCount(elements count: Int) -> Int { count / blockElements * blockBytes }

    private init(_ id: UInt32, _ name: String, _ blockElements: Int, _ blockBytes: Int) {
        self.id = id
        self.name = name
        self.blockElements = blockElements
        self.blockBytes = blockBytes
    }

    package static let all: [GGMLType] = [
        GGMLType(0, "f32", 1, 4), GGMLType(1, "f16", 1, 2),
        GGMLType(2, "q4_0", 32, 18), GGMLType(3, "q4_1", 32, 20),
        GGMLType(6, "q5_0", 32, 22), GGMLType(7, "q5_1", 32, 24),
        GGMLType(8, "q8_0", 32, 34), GGMLType(9, "q8_1", 32, 36),
        GGMLType(10, "q2_k", 256, 84), GGMLType(11, "q3_k", 256, 110),
        GGMLType(12, "q4_k", 256, 144), GGMLType(13, "q5_k", 256, 176),
        GGMLType(14, "q6_k", 256, 210), GGMLType(15, "q8_k", 256, 292),
        GGMLType(16, "iq2_xxs", 256, 66), GGMLType(17, "iq2_xs", 256, 74),
        GGMLType(18, "iq3_xxs", 256, 98), GGMLType(19, "iq1_s", 256, 50),
        GGMLType(20, "iq4_nl", 32, 18), GGMLType(21, "iq3_s", 256, 110),
        GGMLType(22, "iq2_s", 256, 82), GGMLType(23, "iq4_xs", 256, 136),
        GGMLType(24, "i8", 1, 1), GGMLType(25, "i16", 1, 2),
        GGMLType(26, "i32", 1, 4), GGMLType(27, "i64", 1, 8),
        GGMLType(28, "f64", 1, 8), GGMLType(29, "iq1_m", 256, 56),
        GGMLType(30, "bf16", 1, 2), GGMLType(34, "tq1_0", 256, 54),
        GGMLType(35, "tq2_0", 256, 66), GGMLType(39, "mxfp4", 32, 17),
        GGMLType(40, "nvfp4", 64, 36), GGMLType(41, "q1_0", 128, 18),
        GGMLType(42, "q2_0", 64, 18),
    ]
}
