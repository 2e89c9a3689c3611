import Reporting
import Testing

@Suite struct MarkdownTests {
    @Test(arguments: [
        ("q8_0", "q8_0"), ("smollm2-135m-instruct", "smollm2-135m-instruct"),
        ("mini-mmlu (5-shot)", "mini-mmlu (5-shot)"), ("_a_", "\\_a\\_"), ("a__b", "a\\_\\_b"),
        ("a|b", "a\\|b"), ("<b>", "&lt;b&gt;"), ("&amp;", "&amp;amp;"), ("*x*", "\\*x\\*"),
        ("`x`", "\\`x\\`"), ("a\nb\r\nc", "a b  c"), ("[x](y)", "\\[x\\](y)"), ("\\|", "\\\\\\|"),
        ("# x #1", "\\# x #1"), ("~~x~~", "\\~\\~x\\~\\~"), ("a\u{202E}b\u{0}", "ab"), ("", ""),
    ])
    func escapes(text: String, expected: String) {
        #expect(Markdown.escape(text) == expected)
    }

    private struct Row {
        let name: String
        let value: Double?
    }

    private func table(_ rows: [Row]) -> MarkdownTable<Row> {
        MarkdownTable(
            columns: [
                TableColumn("Name") { $0.name },
                TableColumn("Value", .right, value: { $0.value }, format: { "\($0)" }),
                TableColumn("Note") { _ in nil },
            ], rows: rows)
    }

    @Test func tablesAreAlignedInTheSourceToo() {
        let rows = [Row(name: "a|b", value: 1.5), Row(name: "longer name", value: nil)]
        #expect(
            table(rows).withoutEmptyColumns().markdown() == """
                | Name        | Value |
                | :---------- | ----: |
                | a\\|b        |   1.5 |
                | longer name |     — |
                """)
        #expect(table(rows).markdown().contains("| Note |"))
    }

    @Test func aTableOfNothingIsNothing() {
        #expect(table([]).markdown() == "")
        #expect(table([]).withoutEmptyColumns().markdown() == "")
    }
}
