import Basics
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the Markdown files say of the program, held against the program's own text.
@Suite struct DocumentationTests {
    private let checkout = Checkout(root: SharedData.packageRoot)

    @Test func relativeLinksLeadSomewhere() throws {
        var broken: [String] = []
        // A recorded report refers to the charts of a project that is not there.
        let files = try checkout.files(suffix: ".md").filter { !$0.hasPrefix("Tests/Fixtures/") }
        for file in files {
            let page = MarkdownPage(try checkout.text(file))
            for link in page.links where !link.contains("://") && !link.hasPrefix("mailto:") {
                let parts = link.split(
                    separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                let folder = file.contains("/") ? FileSystem.folder(of: file) + "/" : ""
                let target = parts[0].isEmpty ? file : folder + parts[0]
                guard checkout.exists(target) else {
                    broken.append("\(file): no file '\(link)'")
                    continue
                }
                guard parts.count == 2, target.hasSuffix(".md") else { continue }
                if !MarkdownPage(try checkout.text(target)).anchors.contains(String(parts[1])) {
                    broken.append("\(file): no heading for '\(link)'")
                }
            }
        }
        #expect(broken.isEmpty, "\(broken.joined(separator: "\n"))")
    }

    @Test func theTableOfTargetsIsThatOfThePackage() throws {
        let page = MarkdownPage(try checkout.text("Sources/README.md"))
        let table = try #require(page.table(header: "target"))
        let documented = table.map { row in
            let imports = row[1].split(separator: ",").map { $0.trimmingPrefix(" ") }
            return "\(row[0].filter { $0 != "`" }): "
                + imports.filter { $0 != "—" }.sorted().joined(separator: ", ")
        }
        let declared = try PackageTargets(checkout.text("Package.swift")).lines
        #expect(declared.count > 10, "Package.swift was not understood")
        #expect(documented.sorted() == declared.sorted())
    }

    @Test func theMetricsAreThoseOfTheTasks() throws {
        let page = MarkdownPage(try checkout.text("Sources/README.md"))
        let documented = try #require(page.table(header: "metric")).flatMap { $0[0].codeSpans }
        let source = try checkout.joined("Sources/Tasks")
        #expect(documented.count > 10)
        for name in documented {
            for part in Self.fixedParts(of: name) {
                let isReported = source.contains("\"\(part)")
                #expect(isReported, "\(name): nothing in Sources/Tasks is called \(part)")
            }
        }
        let reported =
            source.literals(after: "Metric( name: ") + source.literals(after: "bytes(")
        for name in reported where !name.isEmpty {
            let isListed = documented.contains { entry in
                entry == name || Self.fixedParts(of: entry).first == name
            }
            #expect(isListed, "metric '\(name)' is missing in Sources/README.md")
        }
    }

    /// `acc/group:GROUP` is made of `acc` and `/group:`, `ppN@dD` of `pp` and `@d`.
    private static func fixedParts(of metric: String) -> [String] {
        var parts = [""]
        for character in metric {
            if character.isUppercase {
                parts.append("")
            } else if character == "/" {
                parts.append("/")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        return parts.filter { !$0.isEmpty }
    }

    @Test func commandsAndTheirOptionsExist() throws {
        let table = try checkout.text("Sources/BillionLLM/CommandLine/CommandTable.swift")
        let sources = try checkout.joined("Sources/BillionLLM/Commands")
        let names = sources.literals(after: "CommandSpecification( name: ")
            .filter { !$0.hasPrefix("__") }
        let types = table.split(separator: "\n").filter { $0.hasSuffix("Command.self,") }
        #expect(names.count > 5 && types.count >= names.count)
        // The launcher's own command and switch, and those that need no specification.
        let known = Set(names + ["test", "help", "version", "COMMAND"])
        let options = Set(
            sources.literals(after: ".init( ") + ["help", "version", "slow", "filter"])
        var wrong: [String] = []
        for file in try checkout.files(suffix: ".md") {
            for line in try checkout.text(file).split(separator: "\n") {
                for call in line.calls(of: "./billion ") {
                    if let name = call.first, !name.hasPrefix("-"), !known.contains(name) {
                        wrong.append("\(file): no command '\(name)'")
                    }
                    for word in call where word.hasPrefix("--") && word.count > 2 {
                        let option = word.dropFirst(2).prefix { $0.isLetter || $0 == "-" }
                        if !options.contains(String(option)) {
                            wrong.append("\(file): no option '\(word)'")
                        }
                    }
                }
            }
        }
        #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
    }
}

/// The files of the checkout, by their paths in it.
private struct Checkout {
    let root: String

    func exists(_ file: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(root)/\(file)")
    }

    func text(_ file: String) throws -> String {
        String(decoding: try FileSystem.read("\(root)/\(file)"), as: UTF8.self)
    }

    /// Files whose name ends so, at the top and in the folders that are ours.
    func files(suffix: String) throws -> [String] {
        let top = try FileManager.default.contentsOfDirectory(atPath: root)
        let below = try ["Sources", "Tests", "datasets", "experiments"].flatMap { folder in
            try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)")
                .map { "\(folder)/\($0)" }
        }
        return (top + below).filter { $0.hasSuffix(suffix) }.sorted()
    }

    /// All Swift text below a folder, every run of blanks and line breaks as one blank.
    ///
    /// No blank stands before a closing bracket, and one behind every opening one: so a call
    /// reads the same on one line and on several.
    func joined(_ folder: String) throws -> String {
        try files(suffix: ".swift").filter { $0.hasPrefix(folder + "/") }.map(text)
            .joined(separator: "\n").replacing("(", with: "( ")
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}

extension StringProtocol {
    /// String literals that follow `prefix` at once.
    fileprivate func literals(after prefix: String) -> [String] {
        // `joined` has put a blank behind every bracket.
        let start = prefix.hasSuffix("(") ? prefix + " \"" : prefix + "\""
        return components(separatedBy: start).dropFirst()
            .compactMap { $0.components(separatedBy: "\"").first }
    }

    /// What stands in backticks.
    fileprivate var codeSpans: [String] {
        components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    }

    /// The words after each `command` that begins a line, a code span or a shell command, up to
    /// where that ends.
    fileprivate func calls(of command: String) -> [[String]] {
        let parts = components(separatedBy: command)
        return zip(parts, parts.dropFirst()).compactMap { before, after in
            guard before.last(where: { $0 != " " }).map("`|$".contains) ?? true else { return nil }
            return after.prefix { !"`|;#>".contains($0) }.split(separator: " ").map(String.init)
        }
    }
}

/// As much of Markdown as the checks need.
private struct MarkdownPage {
    /// Lines outside of code blocks.
    private let lines: [String]

    init(_ text: String) {
        var lines: [String] = []
        var isCode = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                isCode.toggle()
            } else if !isCode, !line.hasPrefix("    ") {
                lines.append(String(line))
            }
        }
        self.lines = lines
    }

    /// Targets of `[text](target)` outside of code.
    var links: [String] {
        lines.flatMap { line in
            let prose = line.components(separatedBy: "`").enumerated()
                .map { $0.offset % 2 == 0 ? $0.element : "code" }.joined()
            return prose.components(separatedBy: "](").dropFirst()
                .compactMap { $0.components(separatedBy: ")").first }
        }
    }

    /// What GitHub calls the headings.
    var anchors: Set<String> {
        Set(
            lines.filter { $0.hasPrefix("#") }.map { line in
                line.drop { $0 == "#" || $0 == " " }.lowercased()
                    .filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }
                    .map { $0 == " " ? "-" : String($0) }.joined()
            })
    }

    /// The rows of the table whose first heading is `header`.
    func table(header: String) -> [[String]]? {
        guard let start = lines.firstIndex(where: { $0.hasPrefix("| \(header) |") }) else {
            return nil
        }
        return lines[(start + 1)...].prefix { $0.hasPrefix("|") }.dropFirst().map { line in
            line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { cell in
                    let text = cell.drop { $0 == " " }
                    let end = text.lastIndex { $0 != " " }.map(text.index(after:))
                    return String(text[..<(end ?? text.startIndex)])
                }
        }
    }
}

/// The targets under Sources, as Package.swift declares them.
private struct PackageTargets {
    /// `Store: Basics, CSQLite, Experiments`, imports sorted.
    let lines: [String]

    init(_ text: String) {
        let package = text.components(separatedBy: "let package").last ?? ""
        let starts = [".systemLibrary(", "library(", ".target(", ".executableTarget("]
        var rest = package.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for start in starts { rest = rest.replacing(start, with: "\u{1}") }
        // `tests(` ends the declaration before it.
        rest = rest.replacing("tests(", with: "\u{1}tests")
        lines = rest.split(separator: "\u{1}").dropFirst().compactMap { declaration in
            guard !declaration.hasPrefix("tests"), !declaration.contains("path: \"Tests/") else {
                return nil
            }
            let strings = { (part: String) in
                part.components(separatedBy: "\"").enumerated().filter { $0.offset % 2 == 1 }
                    .map(\.element)
            }
            guard let name = strings(String(declaration)).first else { return nil }
            let lists = ["imports: [", "dependencies: ["].compactMap {
                declaration.components(separatedBy: $0).dropFirst().first
            }
            let imports = lists.first?.components(separatedBy: "]").first.map(strings) ?? []
            return "\(name): " + imports.sorted().joined(separator: ", ")
        }
    }
}
