/// A list of byte strings in one buffer: a vocabulary without an allocation per token.
///
///     var words: ByteStrings = ["a", "bc"]
///     words.append("d".utf8)
///     words[1].count  // 2
package struct ByteStrings: Sendable, Equatable {
    private(set) var bytes: [UInt8] = []
    /// Where each string ends in `bytes`; the next one starts there.
    private var ends: [Int] = []

    package init() {}

    package init(_ strings: some Sequence<some Sequence<UInt8>>) {
        for string in strings { append(string) }
    }

    package mutating func append(_ string: some Sequence<UInt8>) {
        bytes.append(contentsOf: string)
        ends.append(bytes.count)
    }

    package mutating func reserve(strings: Int, bytes: Int) {
        ends.reserveCapacity(strings)
        self.bytes.reserveCapacity(bytes)
    }

    /// Where string `index` lies in `bytes`.
    func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

    /// The string as text, for messages.
    func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }
}

extension ByteStrings: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { ends.count }
    package subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }
}

extension ByteStrings: ExpressibleByArrayLiteral {
    package init(arrayLiteral strings: String...) { self.init(strings.map(\.utf8)) }
}
