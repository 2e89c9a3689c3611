internal import CYaml

/// One step of libyaml's parser, with the place where it starts.
struct YAMLEvent {
    let kind: Kind
    let mark: SourceMark

    enum Kind {
        case streamStart, streamEnd, documentStart, documentEnd
        case alias(String)
        case scalar(String, YAMLNode.ScalarStyle, Properties)
        case sequenceStart(Properties), sequenceEnd
        case mappingStart(Properties), mappingEnd
    }

    /// What may stand before a value: `&anchor` and `!tag`.
    struct Properties {
        let anchor: String?
        let tag: String?
    }
}

/// Owns one libyaml parser and the bytes that it reads.
final class YAMLEventParser {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    private let source: SourceText

    /// - Parameter bytes: without a byte order mark, which libyaml would count as a column.
    /// - Parameter source: the same text, for places.
    init(bytes: some Collection<UInt8>, source: SourceText) {
        self.source = source
        input = .allocate(capacity: bytes.count)
        _ = input.initialize(fromContentsOf: bytes)
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        let isReady = yaml_parser_initialize(parser)
        precondition(isReady == 1, "libyaml found no memory for a parser")
        yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
        // Otherwise a file in UTF-16 would be read, with places that nobody can look up.
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    /// The next event.
    ///
    /// Throws libyaml's message with its place.
    func next() throws(ManifestError.Issue) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { yaml_event_delete(&event) }
        return YAMLEvent(kind: Self.kind(of: event), mark: mark(event.start_mark))
    }

    private static func kind(of event: yaml_event_t) -> YAMLEvent.Kind {
        switch event.type {
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_ALIAS_EVENT: return .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(
                String(decoding: bytes, as: UTF8.self), style(scalar.style),
                .init(anchor: text(scalar.anchor), tag: text(scalar.tag)))
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return .sequenceStart(.init(anchor: text(start.anchor), tag: text(start.tag)))
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return .mappingStart(.init(anchor: text(start.anchor), tag: text(start.tag)))
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: return .streamEnd
        }
    }

    private static func style(_ style: yaml_scalar_style_t) -> YAMLNode.ScalarStyle {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private func mark(_ mark: yaml_mark_t) -> SourceMark {
        source.mark(line: Int(mark.line), column: Int(mark.column))
    }

    /// libyaml's own words, put in one sentence.
    private func failure() -> ManifestError.Issue {
        let error = parser.pointee
        let problem = error.problem.map { String(cString: $0) } ?? "out of memory"
        if error.error == YAML_READER_ERROR {
            let read = input.prefix(Int(error.problem_offset))
            return .init(at: SourceText.mark(after: read, file: source.file), problem + ".")
        }
        let place = mark(error.problem_mark)
        guard let context = error.context.map({ String(cString: $0) }) else {
            return .init(at: place, problem + ".")
        }
        let start = mark(error.context_mark)
        if context == "while scanning a simple key" {
            // The key is where to look, not the line after it where libyaml gave up.
            return .init(at: start, problem + " after this key.")
        }
        if isEnd(error.problem_mark) && start.line < place.line {
            // The last line of the file shows nothing; the open quote or list does.
            return .init(at: start, "\(problem) \(context) that starts here.")
        }
        var message = "\(problem) \(context)"
        if start.line != place.line { message += " that starts on line \(start.line)" }
        if isTab(at: error.problem_mark) { message += "; indent with spaces, not tabs" }
        return .init(at: place, message + ".")
    }

    private func isTab(at mark: yaml_mark_t) -> Bool { scalar(at: mark) == "\t" }

    private func isEnd(_ mark: yaml_mark_t) -> Bool { scalar(at: mark) == nil }

    /// libyaml's `index` counts characters from the start of the file; nil at its end.
    private func scalar(at mark: yaml_mark_t) -> Unicode.Scalar? {
        let scalars = String(decoding: input, as: UTF8.self).unicodeScalars
        return scalars.dropFirst(Int(mark.index)).first
    }
}

extension Manifest {
    /// The version of libyaml that is linked.
    package static var yamlLibraryVersion: String {
        yaml_get_version_string().map { String(cString: $0) } ?? "unknown"
    }
}
