import Basics

/// The models that are known by name.
///
///     ModelCatalog.model(named: "tinyllama")          // TinyLlama-1.1B-Chat-v1.0
///     ModelCatalog.model(named: "pythia-1b@step1000") // a branch of its repository
///
/// Sizes and licences are from the models' configuration files and cards. A new model is one more
/// entry in the file of its family.
package enum ModelCatalog {
    package static let models = llamas + smolLMs + stableLMs + pythias

    /// The model of this name or alias, at the revision after `@` where one is named.
    ///
    /// Capitals of the name do not matter, those of a revision do. nil also for a revision that the
    /// model cannot have.
    package static func model(named name: String) -> CatalogModel? {
        model(named: name, among: models)
    }

    static func model(named name: String, among models: [CatalogModel]) -> CatalogModel? {
        let parts = name.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let base = parts[0].lowercased()
        guard let model = models.first(where: { $0.name == base || $0.aliases.contains(base) })
        else { return nil }
        return parts.count == 1 ? model : model.at(revision: String(parts[1]))
    }

    /// Every name and alias, for "did you mean".
    package static var allNames: [String] { models.flatMap { [$0.name] + $0.aliases } }

    /// What is wrong with a name, and what is near it.
    static func complaint(about name: String, among models: [CatalogModel]) -> String {
        let parts = name.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, let model = model(named: String(parts[0]), among: models) {
            guard case .hub(let hub) = model.source else {
                return "\(name): \(model.name) has one version only. Leave '@\(parts[1])' out."
            }
            let wanted = hub.revisions.isEmpty ? "a branch, a tag or a commit" : "one it has"
            let known = hub.revisions.filter { $0.hasSuffix("000") }
            return "\(name): '\(parts[1])' cannot be a revision of \(model.name), wanted \(wanted)."
                + (Suggestion.nearest(to: String(parts[1]), among: hub.revisions)
                    .map { " Did you mean '\(model.name)@\($0)'?" }
                    ?? (known.last.map { " The last one is '\($0)'." } ?? ""))
        }
        let names = models.flatMap { [$0.name] + $0.aliases }
        return "\(name): no file of this path and no known model of this name."
            + Suggestion.sentence(for: name, among: names)
    }
}

extension CatalogModel {
    /// The same model at another revision; nil where there is none of this name.
    func at(revision: String) -> CatalogModel? {
        guard case .hub(var hub) = source else { return nil }
        guard HubRepository.isRevision(revision),
            hub.revisions.isEmpty || hub.revisions.contains(revision)
        else { return nil }
        hub.revision = revision
        return CatalogModel(
            name: "\(name)@\(revision)", aliases: [], license: license, access: access,
            shape: shape, source: .hub(hub))
    }

    /// Another published form of the same shape: its base, its chat variant.
    func sibling(_ name: String, aliases: [String] = [], repository: String) -> CatalogModel {
        CatalogModel(
            name: name, aliases: aliases, license: license, access: access, shape: shape,
            source: .hub(HubSource(repository)))
    }
}
