import Basics

/// What one YAML file asks for, every part with its place; names are not looked up yet.
///
///     let manifest = try Manifest.load(path: "experiments/quickstart.yaml")
///     let plan = try Plan(manifest: manifest, catalog: catalog)
///
/// Reading stops only at bad YAML. Faults that can be named one by one (unknown keys, wrong
/// types, ...) are kept in `issues`, and `Plan` throws them together with those that need the
/// catalog: so one call shows everything that is wrong with a file, and a manifest is fit for
/// use only once `Plan` has accepted it.
package struct Manifest: Sendable {
    package let name: String
    package let description: String?
    package let seed: UInt64
    /// Seconds that a job may take (`timeout`); nil means no limit.
    package let timeLimitSeconds: Double?
    /// Bytes that a job's processes may hold (`memory_limit`); nil means no limit.
    package let memoryLimitBytes: Int64?
    package let matrix: Matrix
    package let models: [Model]
    package let tasks: [Variant]
    package let hardware: [Variant]

    /// The file's name as the user knows it; messages start with it.
    package let file: String
    /// The folder that the file is in, `.` for none: a model's relative `path:` starts there.
    package let folder: String
    /// SHA-256 of the file's bytes.
    package let digest: String
    /// Faults found so far, in the order of reading.
    package let issues: [ManifestError.Issue]
    let source: SourceText

    /// An axis of the matrix: what a cell has one of.
    package enum Axis: String, Hashable, Sendable, CaseIterable {
        case model, quantization, task, hardware
    }

    package struct Matrix: Sendable {
        package let mark: SourceMark
        /// In the file's order, which is the order of the loops: the first is the outermost.
        ///
        /// Empty when every cell comes from `include`.
        package let axes: [(axis: Axis, names: [Marked<String>])]
        package let exclude: [Entry]
        package let include: [Entry]
    }

    /// A line of `exclude` or `include`.
    package struct Entry: Sendable {
        package let mark: SourceMark
        /// The axes that it names, with one value or several each.
        package let names: [Axis: [Marked<String>]]
        /// Settings for the task of the cells; none in `exclude`.
        package let settings: [YAMLNode.Entry]
    }

    /// An own model under `models:`.
    package struct Model: Sendable {
        package let name: Marked<String>
        /// nil when it is faulty, which `issues` says.
        package let source: ModelSource?
        /// The folder of an adapter to use it with.
        package let adapter: String?
    }

    /// A named group of settings under `tasks:` or `hardware:`.
    package struct Variant: Sendable {
        package let name: Marked<String>
        /// `kind:` of a task, `backend:` of hardware; nil where the name itself says it.
        package let kind: Marked<String>?
        package let settings: [YAMLNode.Entry]
    }
}

extension Manifest {
    /// What a seed may be: every whole number that a double holds exactly.
    package static let seedRange = 0...(1 << 53)
    /// The seed of a manifest that names none (lm-evaluation-harness uses it as well).
    package static let defaultSeed: UInt64 = 1234

    /// Reads a manifest from a text.
    ///
    /// - Parameter file: how messages call it.
    package static func parse(text: String, file: String, folder: String = ".")
        throws(ManifestError) -> Manifest
    {
        try parse(bytes: Array(text.utf8), file: file, folder: folder)
    }

    /// Reads a manifest from the bytes of a file, which need not be UTF-8 to get a message.
    package static func parse(bytes: [UInt8], file: String, folder: String = ".")
        throws(ManifestError) -> Manifest
    {
        // Editors on Windows write a byte order mark; it is no part of the first line.
        let isMarked = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        let text = bytes.dropFirst(isMarked ? 3 : 0)
        let source = SourceText(bytes: text, file: file)
        var composer = YAMLComposer(parser: YAMLEventParser(bytes: text, source: source))
        do throws(ManifestError.Issue) {
            let root = try composer.document()
            var reader = ManifestReader(issues: composer.issues)
            var hash = SHA256()
            hash.update(bytes)
            return reader.manifest(
                root, source: source, folder: folder, digest: hash.hexDigest())
        } catch {
            throw ManifestError(file: file, issues: composer.issues + [error], source: source)
        }
    }
}
