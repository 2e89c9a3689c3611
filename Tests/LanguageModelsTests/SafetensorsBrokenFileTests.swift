import Basics
import Testing

@testable import LanguageModels

/// Safetensors files that must be refused: what is wrong, and the whole message.
@Suite struct SafetensorsBrokenFileTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let message: String
        let bytes: [UInt8]

        init(_ name: String, _ message: String, bytes: [UInt8]) {
            self.name = name
            self.message = message
            self.bytes = bytes
        }

        /// - Parameter header: JSON, its length put before it.
        init(_ name: String, _ message: String, header: String, data: Int = 24) {
            self.init(name, message, bytes: safetensors(header, data: data))
        }

        var testDescription: String { name }
    }

    static func safetensors(_ header: String, data: Int, length: UInt64? = nil) -> [UInt8] {
        GGUFBytes.le(length ?? UInt64(header.utf8.count)) + Array(header.utf8)
            + [UInt8](repeating: 0, count: data)
    }

    static func open(_ bytes: [UInt8]) throws(CheckpointError) -> SafetensorsFile {
        try SafetensorsFile(MappedFile(bytes: bytes, name: "model.safetensors"))
    }

    static let a = #""a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}"#
    static let b = #""b":{"dtype":"F16","shape":[4],"data_offsets":[16,24]}"#

    @Test func aGoodFile() throws {
        let header = #"  {"__metadata__":{"format":"pt"},"# + "\(Self.b),\(Self.a)}   "
        let file = try Self.open(Self.safetensors(header, data: 24))
        #expect(file.tensors.map(\.name) == ["a", "b"])
        #expect(file.tensors.map(\.shape) == [[2, 2], [4]])
        let start = 8 + header.utf8.count
        #expect(file.tensors.map(\.byteRange) == [start..<start + 16, start + 16..<start + 24])
    }

    /// Scalars, empty tensors and a file without tensors are part of the format.
    @Test(arguments: [
        (#"{"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#, 4),
        (#"{"e":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]}}"#, 0), ("{}", 0),
        (#"{"\u0061\n":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, 8),
    ])
    func isAccepted(header: String, data: Int) {
        #expect(throws: Never.self) { try Self.open(Self.safetensors(header, data: data)) }
    }

    @Test(arguments: lengths + syntax + tensors + places)
    func isRefused(_ broken: Case) {
        let error = #expect(throws: CheckpointError.self) { try Self.open(broken.bytes) }
        #expect(error?.description == "model.safetensors: " + broken.message)
    }

    static let lengths = [
        Case(
            "shorter than a length",
            "this is not a safetensors file: it has 5 bytes, wanted 8.", bytes: [1, 2, 3, 4, 5]),
        Case(
            "header larger than the limit",
            "this is not a safetensors file: its header claims 100000001 bytes, "
                + "wanted at most 100000000.",
            bytes: safetensors("{}", data: 0, length: 100_000_001)),
        Case(
            "header of all numbers",
            "this is not a safetensors file: its header claims 18446744073709551615 bytes, "
                + "wanted at most 100000000.",
            bytes: safetensors("{}", data: 0, length: .max)),
        Case(
            "header beyond the end",
            "the header claims 90 bytes, the file has 10 after its length. "
                + "It is incomplete; fetch it again.",
            bytes: safetensors("{}", data: 8, length: 90)),
        Case(
            "empty header", "header, line 1, column 1: it ends here, wanted an object.",
            bytes: safetensors("", data: 0)),
        Case(
            "a GGUF file",
            "this is not a safetensors file: its header claims 14064895815 bytes, "
                + "wanted at most 100000000.",
            bytes: GGUFBytes.miniature.bytes),
    ]

    static let syntax = [
        Case("a list", "header, line 1, column 1: wanted an object.", header: "[]"),
        Case(
            "not closed", "header, line 1, column 57: it ends here, wanted ',' or '}'.",
            header: "{" + a),
        Case(
            "two objects", "header, line 1, column 3: there is more after the end.",
            header: "{}{}"),
        Case(
            "a tensor twice", "header, line 1, column 58: the key 'a' occurs twice.",
            header: "{\(a),\(a)}"),
        Case(
            "a field twice", "header, line 1, column 21: the key 'dtype' occurs twice.",
            header: #"{"a":{"dtype":"F32","dtype":"F32"}}"#),
        Case(
            "not UTF-8", "header, line 1, column 3: the string that begins here is not UTF-8.",
            bytes: GGUFBytes.le(UInt64(7)) + [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]),
        Case(
            "a trailing comma", "header, line 1, column 58: wanted a string.", header: "{\(a),}"),
        Case(
            "metadata that is not text", "header, line 1, column 22: wanted a string.",
            header: #"{"__metadata__":{"a":1}}"#),
    ]

    static let tensors = [
        Case(
            "unknown dtype", "tensor 'a': dtype 'F4' is not supported.",
            header: #"{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}"#),
        Case(
            "no dtype",
            "tensor 'a': wanted dtype, shape and two data_offsets, found no dtype.",
            header: #"{"a":{"shape":[2],"data_offsets":[0,8]}}"#),
        Case(
            "no shape",
            "tensor 'a': wanted dtype, shape and two data_offsets, found no shape.",
            header: #"{"a":{"dtype":"F32","data_offsets":[0,8]}}"#),
        Case(
            "one offset",
            "tensor 'a': wanted dtype, shape and two data_offsets, found 1 data_offsets.",
            header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#),
        Case(
            "three offsets", "data_offsets of tensor 'a': more than 2 numbers.",
            header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}"#),
        Case(
            "negative dimension", "shape of tensor 'a': -2 is negative.",
            header: #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#),
        Case(
            "a dimension that is not whole",
            "header, line 1, column 30: wanted an integer below 2^63.",
            header: #"{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#),
        Case(
            "a dimension of 2^63", "header, line 1, column 30: wanted an integer below 2^63.",
            header: #"{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]}}"#),
        Case(
            "a product that overflows",
            "tensor 'a': shape [4294967296, 4294967296] has more bytes than can be counted.",
            header:
                #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#),
        Case(
            "offsets that do not fit the shape",
            "tensor 'a': data_offsets [0, 8] are not the 12 bytes of F32 [3].",
            header: #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#),
        Case(
            "offsets backwards", "tensor 'a': data_offsets [8, 0] are not the 8 bytes of F32 [2].",
            header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#),
        Case(
            "an unknown field", "tensor 'a': there is no field 'stride'.",
            header: #"{"a":{"dtype":"F32","stride":[1]}}"#),
        Case(
            "an offset of 1e400",
            "header, line 1, column 49: the number 1e400 cannot be represented.",
            header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[1e400,8]}}"#),
    ]

    static let places = [
        Case(
            "overlap",
            "tensor 'b': data_offsets begin at 8, which overlaps the tensor before it; wanted 16.",
            header: "{\(a),\"b\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[8,16]}}"),
        Case(
            "hole", "tensor 'b': data_offsets begin at 16, which leaves a hole; wanted 0.",
            header: "{\(b)}"),
        Case(
            "data beyond the end",
            "tensor 'b': its data ends at 24, the file has 20 bytes of data. "
                + "It is incomplete; fetch it again.", header: "{\(a),\(b)}", data: 20),
        Case(
            "more data than tensors",
            "the tensors end at byte 24 of the data, the file has 25.", header: "{\(a),\(b)}",
            data: 25),
    ]

    /// Wherever a download breaks off, the file is refused.
    @Test func everyTruncationIsRefused() {
        let whole = Self.safetensors("{\(Self.a),\(Self.b)}", data: 24)
        for length in 1..<whole.count {
            #expect(throws: CheckpointError.self, "\(length) bytes") {
                try Self.open(Array(whole[..<length]))
            }
        }
    }

    static let json: [(text: String, message: String?)] = [
        (#"{"a":[1,2.5,-3e2,"\ud83d\ude00",true,false,null,{}]}"#, nil), ("[]", nil),
        (" \"\\u00e9\\\\\" ", nil), ("01", "line 1, column 1: a number with leading zeros."),
        ("-", "line 1, column 1: wanted a value."), ("", "line 1, column 1: it ends here."),
        ("tru", "line 1, column 1: wanted a value."),
        ("1.", "line 1, column 3: wanted a digit after the point."),
        ("1e", "line 1, column 3: wanted a digit in the exponent."),
        ("NaN", "line 1, column 1: wanted a value."),
        ("\"a\nb\"", "line 1, column 3: a control character in a string."),
        (#""\ud83d""#, "line 1, column 8: half of a surrogate pair."),
        (#""\x41""#, "line 1, column 3: an escape that JSON does not have."),
        (#""\u12g4""#, "line 1, column 6: wanted a hexadecimal digit."),
        ("\"abc", "line 1, column 2: the string that begins here does not end."),
        ("{\n \"a\" 1}", "line 2, column 6: wanted ':' after a key."),
        ("[1 2]", "line 1, column 4: wanted ',' or ']'."),
        (
            String(repeating: "[", count: 65),
            "line 1, column 66: nested deeper than 64 levels."
        ),
        ("-1e999", "line 1, column 1: the number -1e999 cannot be represented."),
    ]

    @Test(arguments: json) func strictJSON(text: String, message: String?) {
        var found: String?
        do {
            _ = try Array(text.utf8).withUnsafeBytes { try JSONParser.value(of: $0) }
        } catch {
            found = "\(error)"
        }
        #expect(found == message)
    }
}
