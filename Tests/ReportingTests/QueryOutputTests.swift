import Reporting
import Store
import Testing

@Suite struct QueryOutputTests {
    private static let result = QueryResult(
        columns: ["name", "value", "value", "note"],
        rows: [
            [.text("a,\"b\"\nc"), .integer(-3), .real(2), .null],
            [.text("é"), .null, .real(0.1), .blob([0, 255])],
            [.text(""), .integer(12), .real(.infinity), .text("\u{1B}[2J")],
        ])

    @Test func tableAlignsNumbersRight() {
        #expect(
            QueryOutput.table.render(Self.result) == """
                name      value  value  note
                --------  -----  -----  ---------
                a,"b"\\nc     -3      2  —
                é             —    0.1  x'00ff'
                             12    inf  \\u{1b}[2J

                """)
    }

    @Test func jsonKeepsTheColumnsOrder() {
        #expect(
            QueryOutput.json.render(Self.result) == """
                [
                  {"name": "a,\\"b\\"\\nc", "value": -3, "value:2": 2.0, "note": null},
                  {"name": "é", "value": null, "value:2": 0.1, "note": "00ff"},
                  {"name": "", "value": 12, "value:2": 9e999, "note": "\\u001b[2J"}
                ]

                """)
    }

    @Test func csvFollowsRFC4180() {
        #expect(
            QueryOutput.csv.render(Self.result)
                == "name,value,value,note\r\n"
                + "\"a,\"\"b\"\"\nc\",-3,2.0,\r\n"
                + "é,,0.1,00ff\r\n"
                + "\"\",12,inf,\u{1B}[2J\r\n")
    }

    @Test func noRows() {
        let empty = QueryResult(columns: ["a", "longer"], rows: [])
        #expect(QueryOutput.table.render(empty) == "a  longer\n-  ------\n(no rows)\n")
        #expect(QueryOutput.json.render(empty) == "[]\n")
        #expect(QueryOutput.csv.render(empty) == "a,longer\r\n")
    }

    @Test func longTextsAreCutOnTheScreenOnly() {
        let long = String(repeating: "x", count: 300)
        let result = QueryResult(columns: ["a"], rows: [[.text(long)]])
        #expect(QueryOutput.table.render(result).contains("xxx…\n"))
        #expect(QueryOutput.json.render(result).contains(long))
        #expect(QueryOutput.csv.render(result).contains(long))
    }
}
