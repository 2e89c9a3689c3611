import Testing

@testable import Tasks

@Suite("CSV as in RFC 4180") struct MMLUCSVTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var text: String
        var records: [CSV.Record]
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ records: (Int, [String])...) {
            self.name = name
            self.text = text
            self.records = records.map { CSV.Record(line: $0.0, fields: $0.1) }
        }
    }

    @Test(arguments: [
        Case("nothing", ""),
        Case("blank lines only", "\n\r\n\n"),
        Case("one line", "a,b\n", (1, ["a", "b"])),
        Case("no last newline", "a,b\nc,d", (1, ["a", "b"]), (2, ["c", "d"])),
        Case("CRLF", "a,b\r\nc,d\r\n", (1, ["a", "b"]), (2, ["c", "d"])),
        Case("CR", "a\rb", (1, ["a"]), (2, ["b"])),
        Case("blank line between", "a\n\nb\n", (1, ["a"]), (3, ["b"])),
        Case("empty fields", ",,\n", (1, ["", "", ""])),
        Case("empty field at the end", "a,", (1, ["a", ""])),
        Case("empty quoted field", "\"\"\n", (1, [""])),
        Case("comma in quotes", "\"a,b\",c", (1, ["a,b", "c"])),
        Case("doubled quotes", "\"say \"\"no\"\"\",\"\"\"\"", (1, ["say \"no\"", "\""])),
        Case("newline in quotes", "\"a\nb\"\nc", (1, ["a\nb"]), (3, ["c"])),
        Case("CRLF in quotes is kept", "\"a\r\nb\"\r\nc", (1, ["a\r\nb"]), (3, ["c"])),
        Case("spaces are kept", " a , b ", (1, [" a ", " b "])),
        Case(
            "words that pandas drops", "NA,None,null,nan,N/A",
            (1, ["NA", "None", "null", "nan", "N/A"])),
        Case("byte order mark", "\u{FEFF}a,b", (1, ["a", "b"])),
        Case("beyond ASCII", "détente,λ,𝔽₂", (1, ["détente", "λ", "𝔽₂"])),
    ])
    func reads(_ example: Case) throws {
        #expect(try CSV.records(Array(example.text.utf8), place: "x") == example.records)
    }

    @Test(arguments: [
        (
            "a\nb,say \"no\"\n",
            "t.csv:2: a quote inside a field that does not begin with one. Put the field in "
                + "quotes and double each quote inside it."
        ),
        (
            "a\n\"b\nc\"d\n",
            "t.csv:3: wanted a comma or the end of the line after a closing quote. Double each "
                + "quote inside a quoted field."
        ),
        ("a\nb,\"c\nd\ne", "t.csv:2: the quote that opens a field here is never closed."),
        ("\"", "t.csv:1: the quote that opens a field here is never closed."),
    ])
    func refuses(text: String, message: String) {
        let error = #expect(throws: DatasetError.self) {
            try CSV.records(Array(text.utf8), place: "t.csv")
        }
        #expect(error?.description == message)
    }

    @Test func refusesWhatIsNotUTF8() {
        let error = #expect(throws: DatasetError.self) {
            try CSV.records([0x61, 0x0A, 0x62, 0xFF], place: "t.csv")
        }
        #expect(error?.description == "t.csv:2: the text is not UTF-8.")
    }
}
