import Basics
import Store
import TestSupport
import Testing

@testable import Reporting

@Suite struct HTMLPageTests {
    private func page() throws -> (report: Report, html: String) {
        let report = Report(try snapshot { try Quickstart.fill($0) })
        return (report, report.html())
    }

    @Test func thePageSaysWhatTheMarkdownSays() throws {
        let (report, html) = try page()
        try PageCheck(html).run()
        #expect(html.components(separatedBy: "<svg ").count - 1 == report.charts.count)
        #expect(report.charts.count > 2)
        for block in MarkdownDocument(report.markdown()).blocks {
            switch block {
            case .table(let table):
                for cell in table.rows.joined().map(\.plain) {
                    #expect(html.contains(">\(HTMLPage.escape(cell))<"), "\(cell)")
                }
            case .heading(_, let parts): #expect(html.contains(HTMLPage.escape(parts.plain)))
            case .code(let text): #expect(html.contains(HTMLPage.escape(text)))
            case .paragraph, .list, .image, .rule: break
            }
        }
        for chart in report.charts {
            #expect(
                report.markdown().components(separatedBy: "(experiments/charts/\(chart.name).svg)")
                    .count == 2)
            #expect(html.contains("id=\"\(chart.name)-title\""))
        }
    }

    @Test func linksLeadToPagesOnly() {
        let text = "[a](https://b) [c](javascript:alert) [d](#e) [f](data:text/html,x) [g](h\"i)"
        let html = HTMLPage(markdown: text, pictures: [:]).html()
        #expect(html.contains("<a href=\"https://b\">a</a> c <a href=\"#e\">d</a> f g"))
    }

    // MARK: In a browser

    private static let browser = ["chromium", "chromium-browser", "google-chrome"].first { name in
        (try? Subprocess(name, ["--version"], timeLimit: .seconds(20)).run())?.succeeded == true
    }

    private func dump(_ html: String, width: Int, extra: [String] = []) throws -> String {
        let folder = try TemporaryFolder()
        let path = try folder.write(html, to: "page.html")
        let outcome = try Subprocess(
            try #require(Self.browser),
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=\(folder["user"])",
                "--window-size=\(width),900", "--virtual-time-budget=2000",
            ] + extra + ["--dump-dom", "file://\(path)"], timeLimit: .seconds(60)
        ).run()
        #expect(outcome.succeeded, "\(outcome.errorText)")
        return outcome.outputText
    }

    /// The policy lets our script run: it has made buttons of the headings.
    @Test(.enabled(if: browser != nil, "needs chromium on the PATH"))
    func theScriptRunsUnderItsPolicy() throws {
        let dom = try dump(try page().html, width: 1100)
        #expect(dom.contains("<th scope=\"col\"><button>Model</button></th>"))
    }

    /// Sorts a column up and down, and asks whether the page is wider than the window.
    @Test(
        .enabled(if: browser != nil, "needs chromium on the PATH"), arguments: [390, 1100],
        [false, true])
    func sortsAndFitsTheWindow(_ width: Int, _ isDark: Bool) throws {
        let driver = """
            <script>
            const table = [...document.querySelectorAll("table")]
              .find(t => t.tHead.textContent.includes("Size"));
            const column = [...table.tHead.rows[0].cells].findIndex(c => c.textContent == "Size");
            const button = table.tHead.rows[0].cells[column].firstChild;
            const seen = () => [...table.tBodies[0].rows].map(r => r.cells[column].textContent)
              .join(", ");
            button.click(); const up = seen();
            button.click(); const down = seen();
            const root = document.documentElement;
            document.title = JSON.stringify([up, down, root.scrollWidth <= root.clientWidth,
              getComputedStyle(document.body).backgroundColor]);
            </script></body>
            """
        let html = try page().html.replacing("</body>", with: driver)
            .replacing(HTMLAssets.policy, with: "script-src 'unsafe-inline'")
        let dom = try dump(
            html, width: width,
            extra: ["--blink-settings=preferredColorScheme=\(isDark ? 0 : 1)"])
        let title = dom.components(separatedBy: "<title>").dropFirst().first?
            .components(separatedBy: "</title>").first
        let background = isDark ? "rgb(13, 17, 23)" : "rgb(255, 255, 255)"
        let expected =
            "[\"171.0 MiB, 256.6 MiB, 513.1 MiB\",\"513.1 MiB, 256.6 MiB, 171.0 MiB\",true,"
            + "\"\(background)\"]"
        #expect(title == expected)
    }
}

/// What holds for each page: well-formed, one script, nothing fetched.
struct PageCheck {
    private let text: String

    init(_ text: String) { self.text = text }

    private static let empty: Set<String> = ["meta", "hr"]
    private static let elements: Set<String> = [
        "html", "head", "title", "style", "body", "nav", "a", "main", "h1", "h2", "h3", "p", "ul",
        "li", "pre", "code", "div", "table", "thead", "tbody", "tr", "th", "td", "strong",
        "script", "svg", "desc", "rect", "text", "g", "line", "polyline", "polygon", "circle",
    ]

    func run(sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(
            text.components(separatedBy: "<script").count == 2, sourceLocation: sourceLocation)
        // The script and the styles are ours, and no markup.
        var markup = text.replacing(HTMLAssets.script, with: "")
            .replacing(HTMLAssets.css, with: "").replacing(ChartStyle.css, with: "")
        for word in ["src=", "url(", "@import", "<link", "<iframe", "onload", "onerror="] {
            let isTag = markup.contains(word) && word.hasPrefix("<")
            #expect(!isTag, "\(word)", sourceLocation: sourceLocation)
        }
        markup = markup.replacing("<!doctype html>", with: "")
            .replacing(SVGCanvas.signature, with: "")
        var open: [String] = []
        for part in markup.split(separator: "<", omittingEmptySubsequences: false).dropFirst() {
            guard let end = part.firstIndex(of: ">") else {
                Issue.record("<\(part.prefix(80)) has no end", sourceLocation: sourceLocation)
                return
            }
            let tag = part[..<end]
            let name = String(
                tag.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber })
            let isKnown = Self.elements.contains(name) || Self.empty.contains(name)
            #expect(isKnown, "<\(tag)>", sourceLocation: sourceLocation)
            let attributes = tag.split(separator: "\"", omittingEmptySubsequences: false)
                .enumerated().filter { $0.offset % 2 == 0 }.map(\.element).joined()
            #expect(!attributes.contains(" on"), "<\(tag)>", sourceLocation: sourceLocation)
            #expect(!attributes.contains("src="), "<\(tag)>", sourceLocation: sourceLocation)
            if Self.empty.contains(name) || tag.hasSuffix("/") { continue }
            if tag.hasPrefix("/") {
                #expect(open.popLast() == name, "<\(tag)>", sourceLocation: sourceLocation)
            } else {
                open.append(name)
            }
        }
        #expect(open.isEmpty, "\(open)", sourceLocation: sourceLocation)
    }
}
