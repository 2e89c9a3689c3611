import Basics
import LanguageModels

extension LoRAAdapter {
    /// A new adapter as PEFT begins one: A uniform within ±1 / sqrt(inputs), B zero, so that the
    /// model is at first what it was.
    ///
    /// Throws when a target names no linear layer of the model.
    package init(
        _ configuration: LoRAConfiguration, for model: ModelConfiguration, seed: UInt64
    ) throws {
        let places = model.adaptableLinears
        for target in configuration.targetModules
        where !places.contains(where: { $0.matches(target) }) {
            let ends = Set(places.map { String($0.path.split(separator: ".").last ?? "") })
            throw TrainingError(
                "target_modules: '\(target)' is no linear layer of this model."
                    + Suggestion.sentence(for: target, among: ends.sorted()))
        }
        let chosen = places.filter { place in
            configuration.targetModules.contains(where: place.matches)
        }
        self.init(
            configuration: configuration,
            modules: chosen.enumerated().map { index, place in
                var generator = SeededGenerator(
                    seed: TrainingSeed(seed).with(UInt64(index)).value)
                let bound = 1 / Double(place.inputs).squareRoot()
                let a = (0..<configuration.rank * place.inputs).map { _ in
                    Float((2 * generator.nextUnitInterval() - 1) * bound)
                }
                return LoRAModule(
                    path: place.path, inputs: place.inputs, outputs: place.outputs, a: a,
                    b: [Float](repeating: 0, count: place.outputs * configuration.rank))
            })
    }
}
