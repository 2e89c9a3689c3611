/// One value of a YAML file with its place.
///
/// Aliases and merge keys are expanded already.
///
/// A scalar's type is not guessed from its spelling: it stays text until somebody asks for an
/// integer, a number or a truth value (`YAMLScalar.swift`).
package struct YAMLNode: Sendable {
    package let content: Content
    /// Where the value starts; for a value brought in by an alias, where it is written.
    package let mark: SourceMark

    package init(_ content: Content, at mark: SourceMark) {
        self.content = content
        self.mark = mark
    }

    package enum Content: Sendable {
        case scalar(String, ScalarStyle)
        case sequence([YAMLNode])
        /// Keys are text, unique, and in the file's order.
        case mapping([Entry])
        /// Stands where a fault has been reported, so that it is not reported again.
        case invalid
    }

    package enum ScalarStyle: Sendable {
        case plain, singleQuoted, doubleQuoted, literal, folded
    }

    package struct Entry: Sendable {
        package let key: Marked<String>
        package let value: YAMLNode

        package init(key: Marked<String>, value: YAMLNode) {
            self.key = key
            self.value = value
        }
    }
}
