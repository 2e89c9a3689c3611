import Basics

/// Rules that results must keep, from a YAML file.
///
///     rules:
///       - mmlu.acc >= 0.30
///       - tg128 not worse than baseline by 5 %
///     only:                          # optional: names on the axes
///       quantization: [q8_0, q4_0]
///     undecided: pass                # or trip; optional
package struct GateFile: Sendable {
    package let file: String
    package let rules: [GateRule]
    /// Which results the rules are about; an axis that is not named lets all through.
    package let only: [Manifest.Axis: [String]]
    /// Whether a rule that the figures cannot decide trips the gate.
    package let undecidedTrips: Bool

    package static func load(path: String) throws -> GateFile {
        let size = try FileSystem.size(of: path)
        guard size <= Manifest.largestFile else {
            throw BasicsError.file(
                "\(path): larger than \(Manifest.largestFile) bytes; rules are a short text.")
        }
        return try parse(bytes: try FileSystem.read(path), file: path)
    }

    package static func parse(bytes: [UInt8], file: String) throws(ManifestError) -> GateFile {
        let source = SourceText(bytes: bytes, file: file)
        var composer = YAMLComposer(parser: YAMLEventParser(bytes: bytes, source: source))
        let root: YAMLNode
        do throws(ManifestError.Issue) { root = try composer.document() } catch {
            throw ManifestError(file: file, issues: composer.issues + [error], source: source)
        }
        var reader = ManifestReader(issues: composer.issues)
        let gate = reader.gate(root, file: file)
        guard reader.issues.isEmpty else {
            throw ManifestError(file: file, issues: reader.issues, source: source)
        }
        return gate
    }
}

extension ManifestReader {
    fileprivate mutating func gate(_ root: YAMLNode, file: String) -> GateFile {
        let fields = fields(
            of: root, as: "a file of rules", allowed: ["rules", "only", "undecided"])
        var rules: [GateRule] = []
        if case .sequence(let items)? = fields?["rules"]?.content, !items.isEmpty {
            for item in items {
                guard let text = item.text else {
                    wrongType("a rule", wanted: "a text", item)
                    continue
                }
                do throws(GateRule.Mistake) { rules.append(try GateRule(text)) } catch {
                    report(at: item.mark, error.description)
                }
            }
        } else if let fields {
            report(
                at: fields["rules"]?.mark ?? fields.mark,
                "'rules' must be a list of rules, such as 'mmlu.acc >= 0.30'.")
        }
        return GateFile(
            file: file, rules: rules, only: only(fields?["only"]),
            undecidedTrips: undecidedTrips(fields?["undecided"]))
    }

    private mutating func only(_ node: YAMLNode?) -> [Manifest.Axis: [String]] {
        guard let node, !node.isNull,
            let fields = fields(
                of: node, as: "'only'", allowed: Manifest.Axis.allCases.map(\.rawValue))
        else { return [:] }
        var only: [Manifest.Axis: [String]] = [:]
        for entry in fields.entries {
            guard let axis = Manifest.Axis(rawValue: entry.key.value) else { continue }
            var items = [entry.value]
            if case .sequence(let list) = entry.value.content { items = list }
            for item in items where item.text == nil {
                wrongType("'\(axis.rawValue)'", wanted: "a name or a list of names", item)
            }
            only[axis] = items.compactMap(\.text)
        }
        return only
    }

    private mutating func undecidedTrips(_ node: YAMLNode?) -> Bool {
        guard let node, !node.isNull else { return false }
        switch node.text {
        case "pass": return false
        case "trip": return true
        default:
            wrongType("'undecided'", wanted: "'pass' or 'trip'", node)
            return false
        }
    }
}
