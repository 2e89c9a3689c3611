import Basics

/// What this build knows by name.
///
/// The executable collects it from the registries, so that `Experiments` checks a manifest
/// without knowing any model, task or backend itself.
package struct Catalog: Sendable {
    package var models: [ModelEntry]
    package var quantizations: [String]
    package var tasks: [TaskEntry]
    package var backends: [BackendEntry]

    package init(
        models: [ModelEntry], quantizations: [String], tasks: [TaskEntry],
        backends: [BackendEntry]
    ) {
        self.models = models
        self.quantizations = quantizations
        self.tasks = tasks
        self.backends = backends
    }

    package struct ModelEntry: Sendable {
        package var name: String
        package var aliases: [String]
        /// What may follow the name after `@`; empty: any revision; nil: none.
        package var revisions: [String]?

        package init(name: String, aliases: [String] = [], revisions: [String]? = nil) {
            self.name = name
            self.aliases = aliases
            self.revisions = revisions
        }
    }

    package struct TaskEntry: Sendable {
        /// `mmlu`, `speed`, ...: also the name of a task that needs no settings.
        package var kind: String
        /// Counted up when the task's results change meaning.
        package var version: Int
        package var settings: [Setting]

        package init(kind: String, version: Int, settings: [Setting]) {
            self.kind = kind
            self.version = version
            self.settings = settings
        }
    }

    package struct BackendEntry: Sendable {
        package var name: String
        package var settings: [Setting]

        package init(name: String, settings: [Setting]) {
            self.name = name
            self.settings = settings
        }
    }

    /// One key that may be set, its type and its default.
    package struct Setting: Sendable {
        package var key: String
        package var kind: Kind
        /// `.null` means "not set".
        package var defaultValue: JSONValue
        /// One line for `--help` and the manifest reference.
        package var summary: String

        package enum Kind: Sendable {
            case integer(ClosedRange<Int>)
            /// An integer, or the word `auto`.
            case integerOrAuto(ClosedRange<Int>)
            /// The same, or a list of them, each of which makes a cell of its own.
            case integersOrAuto(ClosedRange<Int>)
            /// A list of integers, at least one.
            case integers(ClosedRange<Int>)
            case number(ClosedRange<Double>)
            /// How many of something: an integer from 1, or a share of all between 0 and 1.
            case countOrShare
            case bool
            case text
            /// One of a list of words.
            case choice([String])
            /// Another model for the job to open: a quantization of the job's own, a model's name,
            /// `NAME:QUANTIZATION`, the same as `{model: NAME, quantization: FORMAT}`, or one of a
            /// list of words that stand for none.
            case otherModel(words: [String])
        }

        package init(_ key: String, _ kind: Kind, default value: JSONValue, _ summary: String) {
            self.key = key
            self.kind = kind
            self.defaultValue = value
            self.summary = summary
        }
    }
}
