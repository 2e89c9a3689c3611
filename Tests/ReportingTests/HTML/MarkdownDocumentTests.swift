import Testing

@testable import Reporting

/// Our own Markdown read back.
@Suite struct MarkdownDocumentTests {
    typealias Block = MarkdownDocument.Block

    @Test(
        arguments: [
            ("# A *b*", [Block.heading(level: 1, [.text("A *b*")])]),
            ("one\ntwo\n\nthree", [.paragraph([.text("one two")]), .paragraph([.text("three")])]),
            ("- a\n- b\n  c", [.list([[.text("a")], [.text("b c")]])]),
            ("```sh\nx <b>\n```", [.code("x <b>")]),
            ("---", [.rule]),
            ("![a b](c/d.svg)", [.image(text: "a b", target: "c/d.svg")]),
            (
                "a `b*` **c d** [e](f) &lt;g&gt; \\*h\\* q8_0",
                [
                    .paragraph([
                        .text("a "), .code("b*"), .text(" "), .strong([.text("c d")]), .text(" "),
                        .link([.text("e")], target: "f"), .text(" <g> *h* q8_0"),
                    ])
                ]
            ),
            (
                "| a | b\\|c |\n| :-- | --: |\n| 1 | — |",
                [
                    .table(
                        .init(
                            header: [[.text("a")], [.text("b|c")]], isRight: [false, true],
                            rows: [[[.text("1")], [.text("—")]]]))
                ]
            ),
            // What is not ours is text.
            (
                "<b>&x; *a* _b_ [c] (d) **e `f",
                [.paragraph([.text("<b>&x; *a* _b_ [c] (d) **e `f")])]
            ),
            ("| no table |", [.paragraph([.text("| no table |")])]),
            ("#no heading", [.paragraph([.text("#no heading")])]),
        ] as [(String, [Block])])
    func blocksAreReadBack(_ text: String, _ blocks: [Block]) {
        #expect(MarkdownDocument(text).blocks == blocks)
    }

    /// Whatever a name is, what is escaped into Markdown comes back as what can be seen of it.
    @Test(arguments: [
        "a|b", "<script>alert(1)</script>", "**x**", "`y`", "[z](http://w)", "\\", "a\\|b", "&amp;",
        "_u_ v_w", "# t", "~~s~~", "$r$", "![q](p)",
    ])
    func escapedTextComesBack(_ text: String) {
        let table = MarkdownTable(
            columns: [TableColumn<String>("N") { $0 }], rows: [text]
        ).markdown()
        guard case .table(let read)? = MarkdownDocument(table).blocks.first else {
            Issue.record("no table")
            return
        }
        #expect(read.rows == [[[.text(text)]]])
    }

    @Test(
        arguments: [
            ("606.5 MiB", 606.5 * 1_048_576), ("1.09 GiB", 1.09 * 1_073_741_824), ("1,024", 1024),
            ("24.0 ± 4.3 % (16.7–33.2)", 24), ("3.4 ms", 0.0034), ("-5", -5), ("2 min 3 s", 120),
            ("1e6", 1e6),
        ] as [(String, Double)])
    func cellsSortByTheirNumber(_ text: String, _ value: Double) throws {
        let key = try #require(SortKey.value(of: text).flatMap(Double.init))
        #expect(abs(key - value) < 1e-9 * max(1, abs(value)))
    }

    @Test(arguments: ["—", "", "q8_0", "8B", "llama-3", "1.2.3"])
    func otherCellsSortAsText(_ text: String) { #expect(SortKey.value(of: text) == nil) }
}
