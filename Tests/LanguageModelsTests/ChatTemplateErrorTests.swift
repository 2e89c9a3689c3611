import Basics
import TestSupport
import Testing

@testable import LanguageModels

/// What the interpreter refuses, in whole sentences, and what it does not let a template do.
@Suite struct ChatTemplateErrorTests {
    private static func error(_ source: String) -> ChatTemplateError? {
        do throws(ChatTemplateError) {
            _ = try ChatTemplate(source: source).render(
                messages: [.user("Hi")], addGenerationPrompt: true)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("{% macro f(x) %}{% endmacro %}", "1:4: the statement 'macro' is not supported."),
        ("a\n  {% include 'x' %}", "2:6: the statement 'include' is not supported."),
        ("{% extends 'x' %}", "1:4: the statement 'extends' is not supported."),
        ("{%- raw %}{{{% endraw %}", "1:5: the statement 'raw' is not supported."),
        ("{% filter upper %}{% endfilter %}", "1:4: the statement 'filter' is not supported."),
        ("{% for a in [1] recursive %}{% endfor %}", "1:17: 'recursive' is not supported."),
        ("{% set x | upper %}{% endset %}", "1:10: a filter on a block 'set' is not supported."),
        ("{{ messages | groupby('role') }}", "1:13: the filter 'groupby' is not supported."),
        ("{{ 'x' is filter }}", "1:8: the test 'filter' is not supported."),
        ("{{ lipsum() }}", "1:10: the function 'lipsum' is not supported."),
        (
            "{{ 'x'.zfill(3) }}",
            "1:13: the method 'zfill' of a value of type string is not supported."
        ),
        ("{{ 'x'.upper }}", "1:7: the method 'upper' without a call is not supported."),
        ("{{ '%s' % 1 }}", "1:9: formatting with '%' is not supported."),
        ("{{ 2 ** 3 }}", "1:6: the operator '**' is not supported."),
        ("{{ range(*[1]) }}", "1:10: unpacking of arguments is not supported."),
        ("{{ [1][0, 1] }}", "1:9: an index with commas is not supported."),
        ("{{ 0x10 }}", "1:4: numbers are supported in decimal digits only."),
        ("{{ strftime_now('%Q') }}", "1:16: the date format '%Q' is not supported."),
        (
            "{{ [1] | join(attribute='a', x=1) }}",
            "1:8: the argument 'x' of 'join' is not supported."
        ),
        (
            "{{ namespace(a=namespace()) }}",
            "1:13: a value of type namespace inside a namespace is not supported."
        ),
        (
            "{% for x in [1] %}{{ [loop] }}{% endfor %}",
            "1:22: a value of type loop inside another is not supported."
        ),
    ])
    func unknownConstructsAreNamed(source: String, wanted: String) throws {
        let error = try #require(Self.error(source))
        #expect("\(error)" == "chat template:" + wanted)
        #expect(error.kind == .unsupported)
    }

    @Test(arguments: [
        ("a\nb {% if x %}", "2:13: wanted '{% endif %}', found the end of the template."),
        ("{{ 'a", "1:4: the string has no end."),
        ("{{ 1 2 }}", "1:6: wanted '}}', found 2."),
        ("{% if (1] %}", "1:9: unexpected ']', wanted ')'."),
        ("{% for %}", "1:8: wanted a name, found '%}'."),
        ("{{ x\n", "1:1: the tag has no end '}}'."),
        ("\n{# x", "2:1: the comment has no end '#}'."),
        ("{% else %}", "1:4: unexpected 'else'."),
        ("{{ 'a' is string is string }}", "1:18: tests cannot be chained with 'is'."),
        ("{{ '\\N{BULLET}' }}", "1:4: the string has an incomplete or unsupported escape."),
    ])
    func wrongSyntaxIsReportedWithItsPlace(source: String, wanted: String) throws {
        let error = try #require(Self.error(source))
        #expect("\(error)" == "chat template:" + wanted)
        #expect(error.kind == .syntax)
    }

    @Test(arguments: [
        ("{{ nobody.name }}", "1:10: 'nobody' is undefined."),
        ("{{ messages[3].role }}", "1:15: a value of type list has no such item."),
        ("{{ messages[0].x.y }}", "1:17: the mapping has no key 'x'."),
        ("{{ 'a' + 1 }}", "1:8: '+' cannot take values of type string and int."),
        ("{% for x in 1 %}{% endfor %}", "1:13: a value of type int cannot be iterated."),
        ("{{ messages() }}", "1:12: 'messages' is a value of type list and cannot be called."),
        ("{{ 'a' | replace('a') }}", "1:8: 'replace' needs the argument 'new'."),
        ("{{ 'a' | upper(1) }}", "1:8: 'upper' takes at most 0 arguments here, found 1."),
        (
            "{{ 9223372036854775807 + 1 }}",
            "1:24: whole numbers beyond 9223372036854775807 are not supported."
        ),
    ])
    func failuresSayWhatWasMet(source: String, wanted: String) throws {
        let error = try #require(Self.error(source))
        #expect("\(error)" == "chat template:" + wanted)
        #expect(error.kind == .evaluation)
    }

    @Test func aRefusalIsTheTemplatesOwnSentence() throws {
        let error = try #require(Self.error("{{ raise_exception('Roles must alternate.') }}"))
        #expect(error.kind == .refused)
        #expect(error.problem == "Roles must alternate.")
    }

    // MARK: - Limits

    private static func many(_ part: String) -> String { String(repeating: part, count: 5000) }

    private struct Hostile: Sendable {
        let name: String
        let source: String

        init(_ name: String, _ parts: String...) {
            self.name = name
            source = parts.joined()
        }
    }

    private static let hostile: [Hostile] = [
        .init(
            "endless loops",
            "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"),
        .init("a range", "{{ range(1000000000) }}"),
        .init(
            "a text that doubles", "{% set ns = namespace(s='0123456789') %}",
            "{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}"),
        .init(
            "a text that doubles in a filter", "{% set ns = namespace(s='0123456789') %}",
            "{% for i in range(99) %}{% set ns.s = ns.s | replace('0', ns.s) %}{% endfor %}"),
        .init("a text that is repeated", "{{ 'x' * 99999999999 }}"),
        .init(
            "a text written again and again",
            "{% for i in range(99999) %}{{ 'x' * 9999 }}{% endfor %}"),
        .init(
            "a list that doubles", "{% set ns = namespace(l=[1]) %}",
            "{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}"),
        .init(
            "a value that shares its parts", "{% set ns = namespace(l=[1]) %}",
            "{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}"),
        .init(
            "comparing such values", "{% set ns = namespace(a=[1], b=[1]) %}",
            "{% for i in range(60) %}",
            "{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}",
            "{{ ns.a == ns.b }}"),
        .init(
            "a value that is too deep", "{% set ns = namespace(l=[]) %}",
            "{% for i in range(99999) %}{% set ns.l = [ns.l] %}{% endfor %}"),
        .init("brackets", "{{ ", many("["), many("]"), " }}"),
        .init("parentheses", "{{ ", many("("), "1", many(")"), " }}"),
        .init("negations", "{{ ", many("not "), "1 }}"),
        .init("signs", "{{ ", many("- "), "1 }}"),
        .init("sums", "{{ 1", many(" + 1"), " }}"),
        .init("parts", "{{ x", many(".x"), " }}"),
        .init("filters", "{{ x", many("|trim"), " }}"),
        .init("choices", "{{ 1", many(" if 1 else 1"), " }}"),
        .init("targets", "{% set ", many("("), many(")"), " = 1 %}"),
        .init("statements", many("{% if 1 %}")),
        .init("a long template", String(repeating: "x", count: (1 << 20) + 1)),
    ]

    @Test(arguments: hostile.indices)
    func hostileTemplatesEndSoon(index: Int) throws {
        let hostile = Self.hostile[index]
        let start = ContinuousClock.now
        let error = try #require(Self.error(hostile.source), "\(hostile.name)")
        #expect(error.kind == .limit, "\(hostile.name): \(error)")
        // A second of work at most; ten times that for a busy machine.
        #expect(ContinuousClock.now - start < .seconds(10), "\(hostile.name)")
    }

    @Test func usualTemplatesAreFarFromTheLimits() throws {
        let template = try ChatTemplateFixtures.template("tinyllama-chat")
        let text = String(repeating: "word ", count: 200)
        let messages = (0..<1000).map { ChatMessage.user("\($0) \(text)") }
        let rendered = try template.render(
            messages: messages, addGenerationPrompt: true, eosToken: "</s>")
        #expect(rendered.utf8.count > 1_000_000)
    }

    /// Cut, doubled and mixed up templates give a text or an error, nothing else.
    @Test func damagedTemplatesNeverCrash() throws {
        var generator = SeededGenerator(seed: 11)
        let sources =
            try ChatTemplateFixtures.snippets().map(\.template)
            + ChatTemplateFixtures.ownTemplates.map {
                try Fixtures.text("chat-templates/\($0).jinja")
            }
        let pieces = ["{%", "%}", "{{", "}}", "-", "'", "[", "]", "(", ")", " if ", "|", "~", "\\"]
        let messages = [ChatMessage.user("Hi"), .assistant("é🙂")]
        var outcomes = (texts: 0, errors: 0)
        for _ in 0..<(SharedData.runsSlowTests ? 200_000 : 3_000) {
            var scalars = Array(sources[Int.random(in: 0..<sources.count, using: &generator)])
            for _ in 0..<Int.random(in: 1...3, using: &generator) where !scalars.isEmpty {
                let place = Int.random(in: 0..<scalars.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: scalars.remove(at: place)
                case 1:
                    let piece = pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                    scalars.insert(contentsOf: piece, at: place)
                case 2: scalars.removeLast(scalars.count - place)
                default:
                    let other = sources[Int.random(in: 0..<sources.count, using: &generator)]
                    scalars.insert(contentsOf: other.prefix(30), at: place)
                }
            }
            do throws(ChatTemplateError) {
                _ = try ChatTemplate(source: String(scalars)).render(
                    messages: messages, addGenerationPrompt: true, bosToken: "<s>")
                outcomes.texts += 1
            } catch {
                outcomes.errors += 1
            }
        }
        #expect(outcomes.texts > 100 && outcomes.errors > 100, "\(outcomes)")
    }
}
