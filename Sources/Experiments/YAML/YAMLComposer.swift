import Basics

/// Builds the tree of nodes from libyaml's events: anchors, aliases, merge keys, duplicates.
///
/// Faults of single places are collected and the rest is read on; `.invalid` stands for them.
struct YAMLComposer {
    /// Values in a file, those that aliases repeat counted each time ("billion laughs").
    static let valueLimit = 100_000
    static let depthLimit = 64

    private let parser: YAMLEventParser
    private(set) var issues: [ManifestError.Issue] = []
    private var anchors: [String: Anchor] = [:]
    private var valueCount = 0

    private enum Anchor {
        /// Its value is being read: an alias to it would contain itself.
        case open
        /// `size` is the number of values in it.
        case complete(YAMLNode, size: Int)
    }

    init(parser: YAMLEventParser) { self.parser = parser }

    /// The root of the only document.
    ///
    /// Throws where reading on makes no sense.
    mutating func document() throws(ManifestError.Issue) -> YAMLNode {
        _ = try parser.next()
        let start = try parser.next()
        guard case .documentStart = start.kind else {
            throw .init(
                at: start.mark, "the file is empty. A manifest needs 'name' and 'matrix'.")
        }
        let root = try node(from: try parser.next(), depth: 1)
        _ = try parser.next()
        let end = try parser.next()
        guard case .streamEnd = end.kind else {
            throw .init(
                at: end.mark,
                "a second document starts here. A manifest is one document; use two files.")
        }
        return root
    }

    private mutating func node(from event: YAMLEvent, depth: Int) throws(ManifestError.Issue)
        -> YAMLNode
    {
        let mark = event.mark
        guard depth <= Self.depthLimit else {
            throw .init(at: mark, "nested deeper than \(Self.depthLimit) levels.")
        }
        let countBefore = valueCount
        let content: YAMLNode.Content
        let properties: YAMLEvent.Properties
        switch event.kind {
        case .alias(let name):
            return try expanded(name, at: mark)
        case .scalar(let text, let style, let own):
            properties = own
            try count(1, at: mark)
            content = .scalar(text, style)
        case .sequenceStart(let own):
            properties = own
            open(own.anchor)
            try count(1, at: mark)
            content = .sequence(try items(depth: depth))
        case .mappingStart(let own):
            properties = own
            open(own.anchor)
            try count(1, at: mark)
            content = .mapping(try entries(depth: depth))
        default:
            throw .init(at: mark, "libyaml gave no value here.")
        }
        var node = YAMLNode(content, at: mark)
        if let tag = properties.tag {
            let shown = tag.hasPrefix(Self.coreTag) ? "!!" + tag.dropFirst(Self.coreTag.count) : tag
            issues.append(
                .init(at: mark, "tags such as \(quoted(shown)) are not used here. Remove it."))
            node = YAMLNode(.invalid, at: mark)
        }
        if let anchor = properties.anchor {
            anchors[anchor] = .complete(node, size: valueCount - countBefore)
        }
        return node
    }

    private static let coreTag = "tag:yaml.org,2002:"

    private mutating func open(_ anchor: String?) {
        if let anchor { anchors[anchor] = .open }
    }

    private mutating func count(_ size: Int, at mark: SourceMark) throws(ManifestError.Issue) {
        valueCount += size
        guard valueCount <= Self.valueLimit else {
            throw .init(
                at: mark, "more than \(Self.valueLimit) values, those of aliases counted each time."
            )
        }
    }

    private mutating func expanded(_ name: String, at mark: SourceMark)
        throws(ManifestError.Issue) -> YAMLNode
    {
        switch anchors[name] {
        case .complete(let node, let size):
            try count(size, at: mark)
            return node
        case .open:
            issues.append(.init(at: mark, "the alias '*\(name)' contains itself."))
        case nil:
            let hint = suggestion(for: "*" + name, among: anchors.keys.map { "*" + $0 })
            issues.append(.init(at: mark, "unknown alias \(quoted("*" + name)).\(hint)"))
        }
        return YAMLNode(.invalid, at: mark)
    }

    private mutating func items(depth: Int) throws(ManifestError.Issue) -> [YAMLNode] {
        var items: [YAMLNode] = []
        while true {
            let event = try parser.next()
            if case .sequenceEnd = event.kind { return items }
            items.append(try node(from: event, depth: depth + 1))
        }
    }

    private mutating func entries(depth: Int) throws(ManifestError.Issue) -> [YAMLNode.Entry] {
        var parts: [Part] = []
        var lines: [String: Int] = [:]
        while true {
            let event = try parser.next()
            if case .mappingEnd = event.kind { break }
            let key = try node(from: event, depth: depth + 1)
            let value = try node(from: try parser.next(), depth: depth + 1)
            guard case .scalar(let name, let style) = key.content, !name.isEmpty else {
                if !key.isInvalid {
                    issues.append(.init(at: key.mark, "a key must be text, found \(key.found)."))
                }
                continue
            }
            if let line = lines[name] {
                issues.append(
                    .init(
                        at: key.mark,
                        "duplicate key \(quoted(name)): it is on line \(line) already."))
                continue
            }
            lines[name] = key.mark.line
            if name == "<<", case .plain = style {
                parts.append(.merged(mergedEntries(of: value)))
            } else {
                parts.append(.own(.init(key: Marked(name, at: key.mark), value: value)))
            }
        }
        return flattened(parts, taken: Set(lines.keys))
    }

    private enum Part {
        case own(YAMLNode.Entry)
        case merged([YAMLNode.Entry])
    }

    /// Merged entries stand where `<<` stood; the mapping's own keys win, then the first merged.
    private func flattened(_ parts: [Part], taken: Set<String>) -> [YAMLNode.Entry] {
        var taken = taken
        return parts.flatMap { part in
            switch part {
            case .own(let entry): [entry]
            case .merged(let entries): entries.filter { taken.insert($0.key.value).inserted }
            }
        }
    }

    private mutating func mergedEntries(of node: YAMLNode) -> [YAMLNode.Entry] {
        let sources: [YAMLNode]
        if case .sequence(let list) = node.content { sources = list } else { sources = [node] }
        var entries: [YAMLNode.Entry] = []
        for source in sources {
            if case .mapping(let more) = source.content {
                entries += more
            } else if !source.isInvalid {
                issues.append(
                    .init(
                        at: source.mark,
                        "'<<' takes a mapping or a list of mappings, found \(source.found)."))
            }
        }
        return entries
    }
}

/// `Suggestion.sentence`, except where comparing would take long: for texts too long to be a
/// name (it costs their square), and for names without number.
func suggestion(for name: String, among candidates: some Collection<String>) -> String {
    let isCheap = name.unicodeScalars.count <= 100 && candidates.count <= 500
    return isCheap ? Suggestion.sentence(for: name, among: candidates) : ""
}
