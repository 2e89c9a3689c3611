import Basics
import Testing

@Suite struct StringBytesTests {
    @Test(arguments: [
        ("blk.0.attn_norm.weight", "_norm.weight", true),
        ("blk.0.attn_norm.bias", "_norm.w", false),
        ("abc", "abc", true), ("abc", "abcd", false), ("aab", "ab", true), ("abc", "", true),
        ("", "", true), ("", "a", false), ("größe", "öß", true),
    ]) func findsWhatContainsFinds(whole: String, part: String, wanted: Bool) {
        #expect(whole.containsBytes(part) == wanted)
    }
}
