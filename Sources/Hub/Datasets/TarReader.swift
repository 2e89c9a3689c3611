import Basics

/// Reads the plain files of a tar archive (ustar, with GNU's and POSIX' long names).
///
/// Nothing is unpacked: the caller decides what to keep, and links or devices are passed over.
struct TarReader {
    /// What is wrong with an archive.
    struct Damage: Error {
        let sentence: String
    }

    private static let block = 512

    /// Every plain file's path and bytes, in the archive's order.
    static func files(in bytes: UnsafeRawBufferPointer, _ take: (String, [UInt8]) throws -> Void)
        throws
    {
        var place = 0
        var longName: String?
        while place + block <= bytes.count {
            let header = UnsafeRawBufferPointer(rebasing: bytes[place..<place + block])
            if header.allSatisfy({ $0 == 0 }) { return }
            guard checksum(header) == number(header, 148, 8) else {
                throw Damage(sentence: "a header at byte \(place) is damaged")
            }
            guard let size = number(header, 124, 12), size <= bytes.count - place - block else {
                throw Damage(sentence: "it ends in the middle of a file")
            }
            let start = place + block
            let body = bytes[start..<start + size]
            switch header[156] {
            case UInt8(ascii: "L"):
                longName = String(decoding: body.prefix { $0 != 0 }, as: UTF8.self)
            case UInt8(ascii: "x"):
                longName = path(inRecords: body) ?? longName
            case UInt8(ascii: "0"), 0:
                let isUstar = text(header, 257, 5) == "ustar"
                let prefix = isUstar ? text(header, 345, 155) : ""
                let short = text(header, 0, 100)
                try take(longName ?? (prefix.isEmpty ? short : "\(prefix)/\(short)"), Array(body))
                longName = nil
            default:
                longName = nil
            }
            place = start + (size + block - 1) / block * block
        }
        throw Damage(sentence: "its end is missing")
    }

    private static func text(_ header: UnsafeRawBufferPointer, _ at: Int, _ count: Int) -> String {
        String(decoding: header[at..<at + count].prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Octal digits; nil for anything else, such as sizes beyond 8 GiB.
    private static func number(_ header: UnsafeRawBufferPointer, _ at: Int, _ count: Int) -> Int? {
        Int(text(header, at, count).filter { $0 != " " }, radix: 8)
    }

    /// The sum of all bytes, those of the sum itself as spaces.
    private static func checksum(_ header: UnsafeRawBufferPointer) -> Int {
        header.indices.reduce(0) { $0 + ((148..<156).contains($1) ? 32 : Int(header[$1])) }
    }

    /// The `path` of records `LENGTH KEY=VALUE` and a line end.
    private static func path(inRecords body: Slice<UnsafeRawBufferPointer>) -> String? {
        String(decoding: body, as: UTF8.self).split(separator: "\n").compactMap { record in
            let words = record.split(separator: " ", maxSplits: 1)
            return words.count == 2 && words[1].hasPrefix("path=")
                ? String(words[1].dropFirst(5)) : nil
        }.last
    }
}
