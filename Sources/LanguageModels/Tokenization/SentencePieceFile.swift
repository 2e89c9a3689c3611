/// Reads a tokenizer.model of SentencePiece: a protobuf message `ModelProto`.
///
/// Only BPE models without a normalization of their own can be read, which all Llama models are.
enum SentencePieceFile {

    static func description(_ bytes: [UInt8], file: String) throws(CheckpointError)
        -> TokenizerDescription
    {
        var model = Model()
        var reader = ProtobufReader(bytes[...], file: file, place: "the model")
        while let field = try reader.next() {
            switch field.number {
            case 1: try model.addPiece(field.message("piece \(model.tokens.count)"))
            case 2: try model.readTrainer(field.message("trainer_spec"))
            case 3: try model.readNormalizer(field.message("normalizer_spec"))
            default: break
            }
        }
        guard model.hasTrainer, model.tokens.count > 0 else {
            throw CheckpointError(
                file: file,
                "this is not a SentencePiece model: it has no "
                    + (model.hasTrainer ? "pieces." : "trainer_spec."))
        }
        return try model.description(file)
    }

    private struct Model {
        var tokens = ByteStrings()
        var types: [Int32] = []
        var scores: [Float] = []
        var hasTrainer = false
        var unknownID = 0
        var bosID = 1
        var eosID = 2
        var paddingID = -1
        var addsPrefix = true

        mutating func addPiece(_ message: ProtobufReader) throws(CheckpointError) {
            var reader = message
            var text: ArraySlice<UInt8> = []
            var score: Float = 0
            var type = 1
            while let field = try reader.next() {
                switch field.number {
                case 1: text = try field.bytes()
                case 2: score = try field.float()
                case 3: type = try field.integer()
                default: break
                }
            }
            guard let kind = TokenKind(rawValue: Int32(clamping: type)) else {
                throw message.error("type: wanted 1 to 6, found \(type).")
            }
            guard !text.isEmpty else { throw message.error("the piece has no text.") }
            tokens.append(text)
            scores.append(score)
            types.append(kind.rawValue)
        }

        mutating func readTrainer(_ message: ProtobufReader) throws(CheckpointError) {
            var reader = message
            // Unigram, which the format takes for granted.
            var type = 1
            while let field = try reader.next() {
                switch field.number {
                case 3: type = try field.integer()
                case 24 where try field.integer() != 0:
                    throw message.error(
                        "treat_whitespace_as_suffix is not supported, wanted false.")
                case 40: unknownID = try field.integer()
                case 41: bosID = try field.integer()
                case 42: eosID = try field.integer()
                case 43: paddingID = try field.integer()
                default: break
                }
            }
            guard type == 2 else {
                let names = [1: "unigram", 3: "word", 4: "char"]
                throw message.error(
                    "model_type: wanted 2 (BPE), found \(type)"
                        + (names[type].map { " (\($0))" } ?? "") + ", which is not supported.")
            }
            hasTrainer = true
        }

        mutating func readNormalizer(_ message: ProtobufReader) throws(CheckpointError) {
            var reader = message
            // All three are true where the file does not say.
            var removesSpaces = true
            var escapesSpaces = true
            while let field = try reader.next() {
                switch field.number {
                case 2 where try !field.bytes().isEmpty:
                    throw message.error(
                        "precompiled_charsmap: text that is normalized is not supported, wanted the "
                            + "normalizer 'identity'.")
                case 3: addsPrefix = try field.integer() != 0
                case 4: removesSpaces = try field.integer() != 0
                case 5: escapesSpaces = try field.integer() != 0
                default: break
                }
            }
            guard !removesSpaces else {
                throw message.error("remove_extra_whitespaces is not supported, wanted false.")
            }
            guard escapesSpaces else {
                throw message.error("escape_whitespaces: wanted true, found false.")
            }
        }

        func description(_ file: String) throws(CheckpointError) -> TokenizerDescription {
            func id(_ name: String, _ value: Int) throws(CheckpointError) -> Int32? {
                // SentencePiece's way to say that there is none.
                if value < 0 { return nil }
                guard value < tokens.count else {
                    throw CheckpointError(
                        file: file,
                        "trainer_spec: \(name): wanted an id below \(tokens.count), found \(value)."
                    )
                }
                return Int32(value)
            }
            var description = TokenizerDescription(
                model: "llama", tokens: tokens, tokenTypes: types, scores: scores,
                bosID: try id("bos_id", bosID), eosID: try id("eos_id", eosID),
                unknownID: try id("unk_id", unknownID), paddingID: try id("pad_id", paddingID),
                addSpacePrefix: addsPrefix)
            description.source = TokenizerSource(form: .sentencePiece, file: file)
            return description
        }
    }
}

/// Walks the fields of a protobuf message.
///
/// https://protobuf.dev/programming-guides/encoding
struct ProtobufReader {
    private var rest: ArraySlice<UInt8>
    private let file: String
    private let place: String

    init(_ bytes: ArraySlice<UInt8>, file: String, place: String) {
        (rest, self.file, self.place) = (bytes, file, place)
    }

    func error(_ problem: String) -> CheckpointError {
        CheckpointError(file: file, "\(place): \(problem)")
    }

    enum Value {
        case varint(UInt64)
        case fixed32(UInt32)
        case bytes(ArraySlice<UInt8>)
        case fixed64
    }

    struct Field {
        let number: Int
        let value: Value
        private let reader: ProtobufReader

        init(_ number: Int, _ value: Value, in reader: ProtobufReader) {
            (self.number, self.value, self.reader) = (number, value, reader)
        }

        private func mismatch(_ wanted: String) -> CheckpointError {
            reader.error("field \(number) is not \(wanted), as it must be.")
        }

        /// An int32, enum or bool.
        func integer() throws(CheckpointError) -> Int {
            guard case .varint(let value) = value else { throw mismatch("an integer") }
            return Int(Int64(bitPattern: value))
        }

        func float() throws(CheckpointError) -> Float {
            guard case .fixed32(let bits) = value else { throw mismatch("a float") }
            return Float(bitPattern: bits)
        }

        func bytes() throws(CheckpointError) -> ArraySlice<UInt8> {
            guard case .bytes(let bytes) = value else { throw mismatch("a string") }
            return bytes
        }

        func message(_ place: String) throws(CheckpointError) -> ProtobufReader {
            ProtobufReader(try bytes(), file: reader.file, place: place)
        }
    }

    /// The next field, nil at the end.
    mutating func next() throws(CheckpointError) -> Field? {
        guard !rest.isEmpty else { return nil }
        let tag = try varint()
        // Numbers have 29 bits.
        guard tag >> 3 > 0, tag < 1 << 32 else { throw error("a field has no valid number.") }
        let number = Int(tag >> 3)
        switch tag & 7 {
        case 0: return Field(number, .varint(try varint()), in: self)
        case 1:
            _ = try take(8, field: number)
            return Field(number, .fixed64, in: self)
        case 2:
            let length = try varint()
            let bytes = try take(Int(clamping: length), field: number)
            return Field(number, .bytes(bytes), in: self)
        case 5:
            let bits = try take(4, field: number).reversed().reduce(UInt32(0)) {
                $0 << 8 | UInt32($1)
            }
            return Field(number, .fixed32(bits), in: self)
        default: throw error("field \(number) has the unknown wire type \(tag & 7).")
        }
    }

    private mutating func take(_ count: Int, field: Int) throws(CheckpointError)
        -> ArraySlice<UInt8>
    {
        guard count <= rest.count else {
            throw error("field \(field) has \(count) bytes, \(rest.count) are left.")
        }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private mutating func varint() throws(CheckpointError) -> UInt64 {
        var value: UInt64 = 0
        for (index, byte) in rest.prefix(10).enumerated() {
            value |= UInt64(byte & 0x7F) << UInt64(7 * index)
            if byte < 0x80 {
                rest = rest.dropFirst(index + 1)
                return value
            }
        }
        throw error(
            rest.count < 10 ? "the file ends inside a number." : "a number is longer than 10 bytes.")
    }
}
