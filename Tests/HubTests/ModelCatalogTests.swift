import Testing

@testable import Hub

@Suite struct ModelCatalogTests {
    /// Counted from the published weights: the models' cards, and for Pythia its table.
    @Test(arguments: [
        ("tinyllama", 1_100_048_384), ("llama3.2-1b", 1_235_814_400),
        ("llama3.2-1b-instruct", 1_235_814_400), ("llama-3.1-8b-instruct", 8_030_261_248),
        ("llama-2-7b-chat", 6_738_415_616), ("smollm2", 134_515_008),
        ("smollm2-360m", 361_821_120), ("smollm2-1.7b", 1_711_376_384),
        ("stablelm", 1_644_515_328), ("stablelm-chat", 1_644_515_328),
        ("pythia-70m", 70_426_624), ("pythia-160m", 162_322_944), ("pythia-410m", 405_334_016),
        ("pythia-1b", 1_011_781_632), ("pythia-6.9b", 6_857_302_016),
    ])
    func theShapesHaveThePublishedParameters(name: String, parameters: Int64) throws {
        let model = try #require(ModelCatalog.model(named: name))
        #expect(model.parameters == parameters)
    }

    @Test func namesAreUniqueAndSourcesWellFormed() throws {
        let names = ModelCatalog.allNames
        #expect(Set(names).count == names.count)
        for model in ModelCatalog.models {
            #expect(names.allSatisfy { $0 == $0.lowercased() && !$0.contains("/") })
            // What a manifest may not say, the catalog may not either.
            switch model.source {
            case .wheel(let wheel):
                let checked = try Wheel(
                    checking: wheel.requirement, file: wheel.file, sha256: wheel.sha256)
                #expect(checked.sha256 == wheel.sha256)
            case .hub(let hub):
                #expect(try HubRepository(hub.repository).name == hub.repository)
                #expect(hub.revisions.allSatisfy(HubRepository.isRevision))
            }
        }
    }

    @Test func shapesAreThoseOfTransformers() {
        for model in ModelCatalog.models {
            let shape = model.shape
            #expect(shape.heads * shape.headSize == shape.width)
            #expect(shape.heads.isMultiple(of: shape.keyValueHeads))
            #expect(shape.rotary.dimensions.isMultiple(of: 2))
            #expect((shape.rotary.dimensions == shape.headSize) == (shape.architecture == .llama))
        }
    }

    @Test(arguments: [
        ("smollm2", "smollm2-135m-instruct"), ("SmolLM2", "smollm2-135m-instruct"),
        ("tinyllama", "tinyllama-1.1b-chat"), ("stablelm-2-1_6b", "stablelm-2-1.6b"),
        ("pythia@step1000", "pythia-1b@step1000"), ("pythia-1b@step512", "pythia-1b@step512"),
        ("tinyllama@v1", "tinyllama-1.1b-chat@v1"),
    ])
    func aliasesAndRevisions(name: String, canonical: String) {
        #expect(ModelCatalog.model(named: name)?.name == canonical)
    }

    @Test(arguments: [
        (
            "smollm2@main",
            "smollm2@main: smollm2-135m-instruct has one version only. Leave '@main' out."
        ),
        (
            "pythia-1b@step1500",
            "pythia-1b@step1500: 'step1500' cannot be a revision of pythia-1b, wanted one it has. "
                + "Did you mean 'pythia-1b@step1000'?"
        ),
        (
            "tinyllama@../x",
            "tinyllama@../x: '../x' cannot be a revision of tinyllama-1.1b-chat, wanted a branch, "
                + "a tag or a commit."
        ),
    ])
    func revisionsThatCannotBe(name: String, sentence: String) {
        #expect(ModelCatalog.model(named: name)?.name == nil)
        #expect(HubError.unknownModel(name).description == sentence)
    }

    /// The card counts 154: the start, ten powers of two, and every thousandth.
    @Test func pythiaHasItsSteps() {
        #expect(ModelCatalog.pythiaSteps.count == 155)
        #expect(ModelCatalog.pythiaSteps.last == "step143000")
    }
}
