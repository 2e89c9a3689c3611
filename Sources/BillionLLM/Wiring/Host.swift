import Experiments
import Runner
import Store
import Tensors

/// This machine, asked once.
enum Host {
    static let facts = HostFacts.current(libraries: [
        "sqlite": Database.libraryVersion, "libyaml": Manifest.yamlLibraryVersion,
        "blas": BLASLibrary.description,
    ])

    /// Cores that this process may use: what `threads: auto` means.
    static var cores: Int { max(1, facts.cores) }

    static var processor: String { facts.processor }
}
