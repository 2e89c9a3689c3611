/// Comma-separated values as RFC 4180 describes them: quoted fields may hold commas, doubled quotes
/// and line breaks.
///
/// Every cell is text: `NA`, `None` and `null` are words and not missing values. Lines may end in
/// LF, CRLF or CR, the last one in nothing; blank lines and a byte order mark are passed over. A
/// quote in the middle of an unquoted field is an error, because guessing what was meant would
/// move the fields that follow.
package enum CSV {
    package struct Record: Hashable, Sendable {
        /// The line on which the record begins, from 1.
        package var line: Int
        package var fields: [String]

        package init(line: Int, fields: [String]) {
            self.line = line
            self.fields = fields
        }
    }

    /// The records of a file, in its order.
    ///
    /// - Parameter place: the file as error messages name it.
    package static func records(_ bytes: [UInt8], place: String) throws(DatasetError) -> [Record] {
        var parser = Parser(bytes: bytes, place: place)
        var records: [Record] = []
        while let record = try parser.nextRecord() { records.append(record) }
        return records
    }

    private struct Parser {
        private let bytes: [UInt8]
        private let place: String
        private var position: Int
        private var line = 1

        init(bytes: [UInt8], place: String) {
            self.bytes = bytes
            self.place = place
            position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        }

        mutating func nextRecord() throws(DatasetError) -> Record? {
            while takeLineEnd() {}
            guard current != nil else { return nil }
            var record = Record(line: line, fields: [])
            while true {
                record.fields.append(try current == quote ? quotedField() : plainField())
                if current == comma {
                    position += 1
                } else {
                    _ = takeLineEnd()
                    return record
                }
            }
        }

        /// The byte at the position, nil at the end of the file.
        private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

        private mutating func plainField() throws(DatasetError) -> String {
            let start = position
            while let byte = current, byte != comma, byte != lineFeed, byte != carriageReturn {
                if byte == quote {
                    throw DatasetError(
                        place, line: line,
                        "a quote inside a field that does not begin with one. Put the field in "
                            + "quotes and double each quote inside it.")
                }
                position += 1
            }
            return try text(Array(bytes[start..<position]), line: line)
        }

        private mutating func quotedField() throws(DatasetError) -> String {
            let firstLine = line
            var content: [UInt8] = []
            position += 1
            while let byte = current {
                position += 1
                if byte == quote {
                    guard current == quote else {
                        try expectEndOfField()
                        return try text(content, line: firstLine)
                    }
                    position += 1
                } else if byte == lineFeed || (byte == carriageReturn && current != lineFeed) {
                    line += 1
                }
                content.append(byte)
            }
            throw DatasetError(
                place, line: firstLine, "the quote that opens a field here is never closed.")
        }

        private func expectEndOfField() throws(DatasetError) {
            switch current {
            case nil, comma, lineFeed, carriageReturn: return
            default:
                throw DatasetError(
                    place, line: line,
                    "wanted a comma or the end of the line after a closing quote. Double each "
                        + "quote inside a quoted field.")
            }
        }

        /// Steps over one LF, CRLF or CR; false when there is none.
        private mutating func takeLineEnd() -> Bool {
            guard let byte = current, byte == lineFeed || byte == carriageReturn else {
                return false
            }
            position += 1
            if byte == carriageReturn, current == lineFeed { position += 1 }
            line += 1
            return true
        }

        private func text(_ content: [UInt8], line: Int) throws(DatasetError) -> String {
            guard let text = String(validating: content, as: UTF8.self) else {
                throw DatasetError(place, line: line, "the text is not UTF-8.")
            }
            return text
        }
    }
}

private let quote = UInt8(ascii: "\"")
private let comma = UInt8(ascii: ",")
private let lineFeed = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")
