import Basics
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-7", "9223372036854775807", "1.5", "\"a/b \\\"c\\\" é\"",
        "[1,2.5,\"x\",null,[]]", "{\"a\":{\"b\":[true]},\"c\":1}",
    ])
    func canonicalTextSurvivesTheRoundTrip(text: String) throws {
        #expect(try JSON.text(JSON.decode(JSONValue.self, from: text)) == text)
    }

    @Test func keysAreSortedAndSlashesBare() throws {
        let value = try JSON.decode(JSONValue.self, from: "{\"b\": 1, \"a\": \"x/y\"}")
        #expect(try JSON.text(value) == "{\"a\":\"x/y\",\"b\":1}")
    }

    @Test(arguments: [
        ("1", JSONValue.integer(1)), ("1.25", .number(1.25)), ("1e400", nil),
        ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("true", .bool(true)),
        ("{", nil), ("", nil), ("[1 2]", nil),
    ])
    func kindsOfNumbersAndBrokenTexts(text: String, expected: JSONValue?) {
        #expect((try? JSON.decode(JSONValue.self, from: text)) == expected)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func numbersThatJSONHasNoWordForThrow(number: Double) {
        #expect(throws: (any Error).self) { try JSON.text(JSONValue.number(number)) }
    }

    @Test func plainTextLeavesStringsBare() {
        #expect(JSONValue.string("a b").plainText == "a b")
        #expect(JSONValue.array([.string("a")]).plainText == "[\"a\"]")
    }
}
