import Basics
import Tensors

/// A checkpoint on a backend, ready to run.
package final class LanguageModel {
    package let checkpoint: any Checkpoint
    package let backend: any Backend
    package let architecture: any Architecture
    /// From the start of loading until the first pass could run.
    package let loadSeconds: Double
    /// What is added to its weights, in a few words; nil without an adapter.
    package let adapterSummary: String?
    private var loadedTokenizer: Tokenizer?
    private var loadedCoarseHead: (any DeviceMatrix)?
    /// Rows that went through it until now, whatever for.
    package private(set) var processedTokens = 0
    /// The first position whose logits were not numbers.
    private var notFinitePosition: Int?

    /// Maps a checkpoint of any form and hands its weights to the backend.
    ///
    /// - Parameter adapter: the folder of an adapter for this model, in PEFT's form.
    package convenience init(path: String, backend: any Backend, adapter: String? = nil) throws {
        try self.init(
            backend: backend,
            adapter: { model in try adapter.map { try LoRAAdapter(path: $0, for: model) } },
            { try openCheckpoint(path: path) })
    }

    /// - Parameter adapter: one whose modules are layers of the model.
    package convenience init(
        checkpoint: any Checkpoint, backend: any Backend, adapter: LoRAAdapter? = nil
    ) throws {
        try self.init(backend: backend, adapter: { _ in adapter }, { checkpoint })
    }

    /// - Parameter open: its time counts as loading.
    private init(
        backend: any Backend, adapter: (ModelConfiguration) throws -> LoRAAdapter?,
        _ open: () throws -> any Checkpoint
    ) throws {
        let clock = ContinuousClock()
        let start = clock.now
        checkpoint = try open()
        // Before the configuration, of which another architecture has other parts.
        if let name = checkpoint.summary.architecture { _ = try Self.type(name, of: checkpoint) }
        let weights = try WeightLoader(
            checkpoint: checkpoint, backend: backend, adapter: adapter)
        architecture = try Self.type(weights.configuration.architecture, of: checkpoint)
            .init(weights: weights)
        self.backend = weights.backend
        adapterSummary = weights.adapterSummary
        loadSeconds = (clock.now - start).seconds
    }

    private static func type(_ name: String, of checkpoint: any Checkpoint) throws
        -> any Architecture.Type
    {
        guard let type = ArchitectureRegistry.architecture(named: name) else {
            throw ModelError(
                "\(checkpoint.path): architecture '\(name)' is not supported."
                    + Suggestion.sentence(
                        for: name, among: ArchitectureRegistry.all.map { $0.name }))
        }
        return type
    }

    package var shape: TransformerShape { architecture.shape }

    /// Whether its weights are random, so that nothing it says means anything.
    package var isSynthetic: Bool { checkpoint is SyntheticCheckpoint }

    /// Stored size of all tensors.
    package var weightsBytes: Int { checkpoint.tensors.byteCount }

    /// `q4_1 210, f32 61, q8_0 1`: tensors by format, the most frequent first.
    package var storedFormats: String { checkpoint.tensors.storedFormats }

    /// How the weights came to their format, when this program made the file.
    package var provenance: String? { checkpoint.summary.provenance }

    /// The token that a text begins with when the model's tokenizer adds one.
    package var beginningToken: Int32? {
        checkpoint.beginningToken.flatMap { (0..<shape.vocabulary).contains(Int($0)) ? $0 : nil }
    }

    /// Made when first asked for: speed needs no text.
    package func tokenizer() throws -> Tokenizer {
        if let loadedTokenizer { return loadedTokenizer }
        let tokenizer = try checkpoint.tokenizer()
        loadedTokenizer = tokenizer
        return tokenizer
    }

    /// The output layer in fewer bits, made when first asked for; nil where that saves little: it has
    /// less than `leastShare` of the weights, or is small already.
    func coarseHead(leastShare: Double) throws -> (any DeviceMatrix)? {
        if let loadedCoarseHead { return loadedCoarseHead }
        let head = architecture.head
        let share = Double(head.rows * head.columns) / Double(checkpoint.tensors.elementCount)
        guard share >= leastShare else { return nil }
        loadedCoarseHead = try backend.makeCoarse(head)
        return loadedCoarseHead
    }

    /// Which tokenizer was used, for records; nil when none was.
    package var tokenizerVariant: String? { loadedTokenizer?.variant }

    // MARK: Passes

    /// The final hidden states [T, D] of a pass.
    func run(_ pass: Pass, cache: any DeviceCache, workspace: Workspace) -> any DeviceBuffer {
        processedTokens += pass.rowCount
        return architecture.forward(pass, cache: cache, workspace: workspace)
    }

    /// Counts tokens that went through its weights by another way than `run`.
    package func count(tokens: Int) { processedTokens += tokens }

    /// The logits [V] of one position as they may be read: where they are not all finite, nothing
    /// that follows from them counts (`requireFinite`), and zeros stand for them.
    func readable<Result>(
        _ logits: UnsafeBufferPointer<Float>, position: Int,
        _ body: (UnsafeBufferPointer<Float>) -> Result
    ) -> Result {
        if Extremes.areFinite(logits) { return body(logits) }
        notFinitePosition = notFinitePosition ?? position
        return [Float](repeating: 0, count: logits.count).withUnsafeBufferPointer(body)
    }

    /// Throws when logits that it gave were not finite.
    ///
    /// To be asked before anything that was made of them is told to somebody.
    package func requireFinite() throws(ModelError) {
        guard let position = notFinitePosition else { return }
        throw ModelError(
            "\(checkpoint.path): at position \(position) of a text the model's logits are not "
                + "finite numbers, so its weights or its adapter are broken. Fetch or make the "
                + "file again.")
    }

    package func makeSession(capacity: Int, computation: Computation) -> DecodingSession {
        DecodingSession(model: self, capacity: capacity, cacheFormat: computation.cacheFormat)
    }

    /// A session whose logits are good enough for guesses, and sooner there where they can be.
    ///
    /// - Throws: when there is no memory for what that needs.
    package func makeDraftSession(capacity: Int, computation: Computation) throws -> DecodingSession
    {
        DecodingSession(
            model: self, capacity: min(capacity, shape.contextLength),
            cacheFormat: computation.cacheFormat, draftHead: try DraftHead(self))
    }
}

/// A model that cannot be run.
package struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
