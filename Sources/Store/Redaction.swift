import Basics

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Takes out of a text what tells where it was written: absolute paths, user and host name.
///
/// For texts that come from the system (reasons, facts), not for those of a dataset.
package struct Redaction: Sendable {
    /// Folders whose names may hold blanks and would not be seen as one path otherwise.
    package var folders: [String]
    /// Whole words and what to write for them.
    package var words: [String: String]

    package init(folders: [String], words: [String: String]) {
        self.folders = folders
        self.words = words
    }

    package static func ofThisMachine() -> Redaction {
        var words: [String: String] = [:]
        for variable in ["USER", "LOGNAME"] {
            if let user = environment(variable), user.count > 2, user != "root" {
                words[user] = "<user>"
            }
        }
        var buffer = [CChar](repeating: 0, count: 256)
        if gethostname(&buffer, buffer.count - 1) == 0 {
            let name = String(
                decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if name.count > 2, name != "localhost" { words[name] = "<host>" }
        }
        var folders: [String] = []
        if let working = getcwd(nil, 0) {
            folders.append(String(cString: working))
            free(working)
        }
        folders += ["HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "TMPDIR"].compactMap(environment)
        return Redaction(folders: folders, words: words)
    }

    package func scrub(_ text: String) -> String {
        var text = text
        for folder in folders.sorted(by: { $0.utf8.count > $1.utf8.count }) where folder.count > 1 {
            text = Self.replace(folder, by: "/_", in: text, onlyWholeWords: false)
        }
        text = Self.withoutPaths(text)
        for (word, replacement) in words.sorted(by: { $0.key < $1.key }) {
            text = Self.replace(word, by: replacement, in: text, onlyWholeWords: true)
        }
        return text
    }

    package func scrub(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(scrub(text))
        case .array(let values): .array(values.map(scrub))
        case .object(let values): .object(values.mapValues(scrub))
        case .null, .bool, .integer, .number: value
        }
    }

    /// A name given in a manifest: kept as it is, unless it is a path, which loses its folders.
    package static func name(_ name: String) -> String {
        guard name.hasPrefix("/") || name.hasPrefix("~/") else { return name }
        return name.split(separator: "/").last.map(String.init) ?? "unnamed"
    }

    /// Whether something in the text looks like an absolute path.
    package static func holdsPath(_ text: String) -> Bool { withoutPaths(text) != text }

    /// `open /srv/x/y.gguf: denied` becomes `open …/y.gguf: denied`.
    ///
    /// Web addresses stay.
    static func withoutPaths(_ text: String) -> String {
        let source = Array(text.unicodeScalars)
        var result = String.UnicodeScalarView()
        var index = 0
        while index < source.count {
            let start = index
            if let end = pathEnd(in: source, from: start) {
                let last = source[start..<end].split(separator: "/").last ?? []
                result.append(contentsOf: "…/".unicodeScalars)
                result.append(contentsOf: last)
                index = end
            } else if source[start] == ":", source[start...].starts(with: "://".unicodeScalars) {
                let isFile = String(result).lowercased().hasSuffix("file")
                index = isFile ? start + 3 : wordEnd(in: source, from: start)
                result.append(contentsOf: source[start..<index])
            } else {
                result.append(source[start])
                index += 1
            }
        }
        return String(result)
    }

    /// Where the absolute path that begins at `start` ends, nil when none begins there.
    private static func pathEnd(in text: [Unicode.Scalar], from start: Int) -> Int? {
        var slash = start
        if text[start] == "~" { slash += 1 }
        guard slash < text.count, text[slash] == "/" else { return nil }
        if start > 0, isPathScalar(text[start - 1]) || text[start - 1] == "…" {
            // After `file://` a path does begin.
            let isAfterScheme = start >= 3 && text[start - 1] == "/" && text[start - 3] == ":"
            guard isAfterScheme else { return nil }
        }
        guard slash + 1 < text.count, isPathScalar(text[slash + 1]), text[slash + 1] != "/" else {
            return nil
        }
        var end = slash + 1
        while end < text.count, isPathScalar(text[end]) { end += 1 }
        while end > slash + 2, text[end - 1] == "." || text[end - 1] == "/" { end -= 1 }
        return end
    }

    private static func wordEnd(in text: [Unicode.Scalar], from start: Int) -> Int {
        text[start...].firstIndex { $0.properties.isWhitespace || $0 == "\"" } ?? text.count
    }

    private static func isPathScalar(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value >= 0x80 { return scalar != "…" && !scalar.properties.isWhitespace }
        return isWordScalar(scalar) || "/.-_~+@%$#".unicodeScalars.contains(scalar)
    }

    private static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }

    static func replace(
        _ word: String, by replacement: String, in text: String, onlyWholeWords: Bool
    ) -> String {
        let source = Array(text.unicodeScalars)
        let wanted = Array(word.unicodeScalars)
        guard !wanted.isEmpty, source.count >= wanted.count else { return text }
        var result = String.UnicodeScalarView()
        var index = 0
        while index < source.count {
            let end = index + wanted.count
            let matches =
                end <= source.count && source[index] == wanted[0]
                && source[index..<end].elementsEqual(wanted)
            let isWhole =
                !onlyWholeWords
                || (index == 0 || !isWordScalar(source[index - 1]))
                    && (end >= source.count || !isWordScalar(source[end]))
            if matches, isWhole {
                result.append(contentsOf: replacement.unicodeScalars)
                index = end
            } else {
                result.append(source[index])
                index += 1
            }
        }
        return String(result)
    }

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
