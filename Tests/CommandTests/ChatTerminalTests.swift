import Basics
import TestSupport
import Testing

/// `billion chat` on a pseudo-terminal (`Tests/Fixtures/terminal.py`).
@Suite struct ChatTerminalTests {
    private let project: ProjectFolder

    init() throws { project = try ProjectFolder() }

    private struct Outcome: Decodable {
        var output: String
        var status: Int
        var restored: Bool
        var modes: [String: Bool]
        var failed: String?
    }

    private enum Step {
        case expect(String)
        case send(String)
        case signal(Int64)
        case columns(Int64)
        case modes(String)

        var json: JSONValue {
            switch self {
            case .expect(let text): .object(["expect": .string(text)])
            case .send(let text): .object(["send": .string(text)])
            case .signal(let number): .object(["signal": .integer(number)])
            case .columns(let count): .object(["columns": .integer(count)])
            case .modes(let name): .object(["modes": .string(name)])
            }
        }
    }

    private func chat(_ steps: [Step], options: [String] = [], setting: [String: String] = [:])
        throws -> Outcome
    {
        let words = [
            Fixtures.path("terminal.py"), CommandLineTool.executable, "chat", "--model",
            ProjectFolder.tinyModel, "--n-gen", "4", "--threads", "1",
        ]
        let environment = project.tool.environment.merging(["TERM": "xterm"]) { $1 }
            .merging(setting) { $1 }
        let result = try Subprocess(
            "python3", words + options, environment: environment,
            input: .bytes(Array(JSON.text(JSONValue.array(steps.map(\.json))).utf8)),
            timeLimit: .seconds(200)
        ).run()
        let outcome = try JSON.decode(Outcome.self, from: result.outputText)
        #expect(outcome.failed == nil, "\(outcome.output.debugDescription)")
        return outcome
    }

    private static let newTokens = " prompt tokens new)"
    private static let prompt = "\u{1B}[1;32m> \u{1B}[0m"

    @Test func linesAreEditedAnsweredAndRecalled() throws {
        let outcome = try chat([
            .expect(Self.prompt), .modes("editing"),
            // "Helo", back into the word, the missing letter, and a new beginning.
            .send("Helo\u{1B}[D"), .send("l\u{1}Oh: \u{5}!\r"), .expect("> \u{1B}[0mOh: Hello!"),
            .expect(Self.newTokens), .expect(Self.prompt),
            // The line comes back; its last word goes.
            .send("\u{1B}[A\u{17}you\r"), .expect("Oh: you"), .expect(Self.newTokens),
            .expect(Self.prompt), .send("/stats\r"), .expect("2 answers"), .expect(Self.prompt),
            .send("\u{4}"),
        ])
        #expect(outcome.status == 0)
        #expect(outcome.restored)
        #expect(outcome.modes == ["editing": false])
        // Notes are dimmed, and bracketed paste is off at the end.
        #expect(outcome.output.contains("\u{1B}[2m4 tokens"))
        #expect(outcome.output.hasSuffix("\u{1B}[?2004l"))
    }

    @Test func controlCDropsTheLineAndStopsAnAnswer() throws {
        let outcome = try chat(
            [
                .expect(Self.prompt), .send("nonsense\u{3}"), .expect("^C"),
                .expect("(Ctrl-D or /exit ends)"), .expect(Self.prompt),
                // Most of a second's work: the miniature writes thousands of tokens a second.
                .send("go\r"), .expect("go"), .expect("\r\n"), .send("\u{3}"),
                .expect(Self.newTokens), .expect(Self.prompt), .send("/exit\r"),
            ])
        #expect(outcome.status == 0)
        #expect(outcome.restored)
    }

    /// SIGTERM, SIGHUP, SIGQUIT and SIGABRT while a line is typed.
    @Test(arguments: [15, 1, 3, 6] as [Int64])
    func signalsGiveTheTerminalBack(number: Int64) throws {
        let outcome = try chat([
            .expect(Self.prompt), .send("half a li"), .expect("half a li"), .modes("editing"),
            .signal(number),
        ])
        #expect(outcome.status == -Int(number))
        #expect(outcome.modes == ["editing": false])
        #expect(outcome.restored)
    }

    @Test func aNarrowerWindowIsNoticed() throws {
        let outcome = try chat([
            .expect(Self.prompt), .send("0123456789"), .expect("0123456789"), .columns(12),
            .expect("0123456789\r\r\n"), .send("\u{15}/exit\r"),
        ])
        #expect(outcome.status == 0)
        #expect(outcome.restored)
    }

    @Test func aPasteOfLinesIsOneMessage() throws {
        let outcome = try chat([
            .expect(Self.prompt), .send("\u{1B}[200~one\rtwo\u{1B}[201~"), .expect("one↵two"),
            .send("\r"), .expect(Self.newTokens), .expect(Self.prompt),
            .send("/save \(project["it.json"])\r"),
            .expect("saved"), .send("\u{4}"),
        ])
        #expect(outcome.status == 0)
        #expect(try project.text(of: "it.json").contains(#""content":"one\ntwo""#))
    }

    @Test func noColourIsWrittenWhereNoneIsWanted() throws {
        let outcome = try chat(
            [
                .expect("> "), .send("a\r"), .expect(Self.newTokens), .expect("> "),
                .send("\u{4}"),
            ], setting: ["NO_COLOR": "1"])
        #expect(!outcome.output.contains("\u{1B}[1;32m"))
        #expect(!outcome.output.contains("\u{1B}[2m"))
        #expect(outcome.restored)
    }

    /// A terminal without cursor keys is read line by line, by its own editor.
    @Test func aDumbTerminalWorksToo() throws {
        let outcome = try chat(
            [.send("Hello\n"), .expect(Self.newTokens), .modes("waiting"), .send("\u{4}")],
            setting: ["TERM": "dumb"])
        #expect(outcome.status == 0)
        #expect(outcome.modes == ["waiting": true])
        #expect(!outcome.output.contains("\u{1B}"))
    }
}
