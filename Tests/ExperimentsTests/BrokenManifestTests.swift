import Experiments
import Testing

/// A manifest that is refused, and the whole message.
struct BrokenManifest: Sendable, CustomTestStringConvertible {
    let name: String
    let text: String
    let message: String

    init(_ name: String, _ text: String, _ message: String) {
        self.name = name
        self.text = text
        self.message = message
    }

    var testDescription: String { name }
}

@Suite struct BrokenManifestTests {
    @Test(arguments: BrokenManifest.syntax)
    func syntax(_ broken: BrokenManifest) { expectMessage(broken) }

    @Test(arguments: BrokenManifest.keys)
    func keys(_ broken: BrokenManifest) { expectMessage(broken) }

    @Test(arguments: BrokenManifest.names)
    func names(_ broken: BrokenManifest) { expectMessage(broken) }

    @Test(arguments: BrokenManifest.settings)
    func settings(_ broken: BrokenManifest) { expectMessage(broken) }

    @Test(arguments: BrokenManifest.rules)
    func rules(_ broken: BrokenManifest) { expectMessage(broken) }

    private func expectMessage(_ broken: BrokenManifest) {
        #expect(Sample.message(Array(broken.text.utf8)) == broken.message, "\(broken.name)")
    }

    @Test func latin1() {
        let bytes = Array("name: x\ndescription: caf".utf8) + [0xE9, 0x0A]
        #expect(
            Sample.message(bytes) == """
                test.yaml:2:17: incomplete UTF-8 octet sequence.
                  description: caf\u{FFFD}
                                  ^
                """)
    }

    @Test func utf16() {
        let bytes: [UInt8] = [0xFF, 0xFE] + Array("name: x".utf8).flatMap { [$0, UInt8(0)] }
        let message = Sample.message(bytes)
        #expect(message?.hasPrefix("test.yaml:1:1: invalid leading UTF-8 octet.\n") == true)
    }

    /// 101 models and 100 tasks; the line of the first fault is shown in part.
    @Test func moreCellsThanAnybodyWants() {
        let models = (0..<101).map { "m\($0)" }
        let tasks = (0..<100).map { "t\($0)" }
        let text = Sample.manifest(
            model: "[\(models.joined(separator: ", "))]",
            task: "[\(tasks.joined(separator: ", "))]",
            more: """
                models: {\(models.map { "\($0): {path: a}" }.joined(separator: ", "))}
                tasks: {\(tasks.map { "\($0): {kind: speed}" }.joined(separator: ", "))}
                """)
        let start = "test.yaml:3:3: the matrix has more than 10000 cells. Use several manifests.\n"
        #expect(Sample.message(Array(text.utf8))?.hasPrefix(start) == true)
    }

    @Test func manyFaultsAreCutAfterAHundred() {
        let text = (0..<150).map { "key\($0): 1\n" }.joined()
        let message = Sample.message(Array(text.utf8)) ?? ""
        #expect(message.hasSuffix("\n... and 52 more\n152 errors in test.yaml"))
    }
}
