import Basics
import Experiments
import Testing

/// Revisions of catalog models (`name@revision`) and models of random weights (`random:`).
@Suite struct ModelNameTests {
    private static let catalog: Catalog = {
        var catalog = Sample.catalog
        catalog.models += [
            .init(name: "pythia-1b", aliases: ["pythia"], revisions: ["step1000", "step2000"]),
            .init(name: "stablelm-2-1.6b", revisions: []),
        ]
        return catalog
    }()

    private func plan(_ text: String) throws -> Plan {
        try Plan(
            manifest: Manifest.parse(text: text, file: "test.yaml"), catalog: Self.catalog)
    }

    private func message(_ text: String) -> String? {
        do {
            _ = try plan(text)
            return nil
        } catch {
            return "\(error)".split(separator: "\n").first.map(String.init)
        }
    }

    @Test(arguments: [
        ("pythia-1b@step1000", "pythia-1b@step1000"), ("pythia@step2000", "pythia-1b@step2000"),
        ("stablelm-2-1.6b@any/branch", "stablelm-2-1.6b@any/branch"),
    ])
    func revisions(name: String, canonical: String) throws {
        let cells = try plan(Sample.manifest(model: "['\(name)']")).cells
        #expect(cells.map(\.model) == [canonical])
        #expect(cells.map(\.source) == [.catalog(canonical)])
    }

    /// One model under two names is a duplicate, two revisions of it are two models.
    @Test func revisionsAreModelsOfTheirOwn() throws {
        let both = try plan(Sample.manifest(model: "[pythia, pythia@step1000]")).cells
        #expect(both.map(\.model) == ["pythia-1b", "pythia-1b@step1000"])
        let twice = message(Sample.manifest(model: "[pythia@step1000, pythia-1b@step1000]"))
        #expect(
            twice
                == "test.yaml:3:28: duplicate model 'pythia-1b@step1000': the same under the name "
                + "'pythia@step1000' is on line 3 already.")
    }

    @Test(arguments: [
        ("smollm2@main", "the model 'smollm2-135m-instruct' has one version only."),
        (
            "pythia@step100",
            "the model 'pythia-1b' has no revision 'step100'. Did you mean 'pythia-1b@step1000'?"
        ),
        ("pythai@step1000", "unknown model 'pythai@step1000'."),
    ])
    func revisionsThatAreNot(name: String, wanted: String) {
        let found = message(Sample.manifest(model: "['\(name)']"))
        #expect(found?.hasPrefix("test.yaml:3:11: \(wanted)") == true, "\(found ?? "fine")")
    }

    @Test func randomWeightsHaveTheShapeOfACatalogModel() throws {
        let cells = try plan(
            Sample.manifest(model: "[shape]", more: "models: {shape: {random: pythia}}")
        ).cells
        #expect(cells.map(\.model) == ["shape"])
        #expect(cells.map(\.source) == [.random(shapeOf: "pythia-1b")])
    }

    @Test(arguments: [
        (
            "{random: pythai}",
            "7:10: 'random' of model 'shape' names the unknown model 'pythai'. Did you mean 'pythia'?"
        ),
        ("{random: }", "7:26: 'random' must be a text, found nothing."),
        ("{random: [pythia]}", "7:26: 'random' must be a text, found a list."),
        (
            "{random: pythia, file: a.gguf}",
            "7:34: unknown key 'file' in 'models.shape'. Available: adapter, random."
        ),
        (
            "{random: pythia, path: a.gguf}",
            "7:17: 'models.shape' has 'path' and 'random'; a model comes from one of them."
        ),
    ])
    func randomWeightsThatAreNot(entry: String, wanted: String) {
        let found = message(
            Sample.manifest(model: "[shape]", more: "models: {shape: \(entry)}"))
        #expect(found == "test.yaml:\(wanted)")
    }
}
