/// Tokens by id while a file is read that lists them in any order.
struct TokenIDs {
    /// Texts by id; nil where no token has been named.
    private var texts: [[UInt8]?] = []
    private var ids: [[UInt8]: Int32] = [:]

    init() {}

    /// `{text: id}`; throws for an id that is taken twice or far beyond the number of tokens.
    init(_ vocabulary: JSONElement) throws(CheckpointError) {
        let members = try vocabulary.members()
        texts = [[UInt8]?](repeating: nil, count: members.count)
        ids.reserveCapacity(members.count)
        for (key, value) in members {
            var text: [UInt8] = []
            try key.appendString(to: &text)
            try add(text, id: value.integer(), at: value)
        }
    }

    func id(_ text: String) -> Int32? { ids[Array(text.utf8)] }
    func id(_ text: [UInt8]) -> Int32? { ids[text] }

    var count: Int { ids.count }

    /// Adds a token, or finds it as it should be.
    mutating func add(_ text: [UInt8], id: Int, at place: JSONElement) throws(CheckpointError) {
        // Ids may leave gaps (rows that are kept free), but a few bytes must not ask for gigabytes.
        let limit = 2 * max(texts.count, ids.count) + 1024
        guard id >= 0, id < limit else {
            throw place.error("wanted an id from 0 to \(limit - 1), found \(id).")
        }
        if let known = ids[text], known != Int32(id) {
            throw place.error("\(Self.name(text)) has the id \(known) already, found \(id).")
        }
        while texts.count <= id { texts.append(nil) }
        if let other = texts[id], other != text {
            throw place.error(
                "the id \(id) of \(Self.name(text)) is that of \(Self.name(other)) already.")
        }
        texts[id] = text
        ids[text] = Int32(id)
    }

    private static func name(_ text: [UInt8]) -> String {
        quoted(String(decoding: text, as: UTF8.self))
    }

    /// All texts, and for each the kind: normal, or unused where there is none.
    func vocabulary() -> (ByteStrings, [Int32]) {
        var strings = ByteStrings()
        var kinds: [Int32] = []
        let last = texts.lastIndex { $0 != nil } ?? -1
        strings.reserve(strings: last + 1, bytes: 0)
        for text in texts[...last] {
            strings.append(text ?? [])
            kinds.append((text == nil ? TokenKind.unused : .normal).rawValue)
        }
        return (strings, kinds)
    }
}

/// An entry of `added_tokens` in tokenizer.json or of `added_tokens_decoder` in
/// tokenizer_config.json.
struct AddedTokenEntry {
    private let element: JSONElement
    private let id: Int
    let text: [UInt8]

    init(_ element: JSONElement) throws(CheckpointError) {
        try self.init(element, id: element.member("id").integer())
    }

    init(_ element: JSONElement, id: Int) throws(CheckpointError) {
        self.element = element
        self.id = id
        var text: [UInt8] = []
        try element.member("content").appendString(to: &text)
        guard !text.isEmpty else {
            throw try element.member("content").error("an added token needs a text.")
        }
        self.text = text
    }

    /// The token, added to those of the model.
    func token(_ ids: inout TokenIDs) throws(CheckpointError) -> AddedToken {
        try ids.add(text, id: id, at: element)
        func flag(_ name: String) throws(CheckpointError) -> Bool {
            try element.optional(name)?.bool() ?? false
        }
        let isSpecial = try flag("special")
        return AddedToken(
            id: Int32(id), text: text, isSpecial: isSpecial, stripsLeft: try flag("lstrip"),
            stripsRight: try flag("rstrip"), isSingleWord: try flag("single_word"),
            isNormalized: try element.optional("normalized")?.bool() ?? !isSpecial)
    }
}
