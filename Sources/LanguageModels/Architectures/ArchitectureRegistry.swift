import Basics

/// The families that this build runs.
///
/// One line an architecture.
package enum ArchitectureRegistry {
    package static var all: [any Architecture.Type] {
        [
            GPTNeoX.self,
            Llama.self,
            StableLM.self,
        ]
    }

    package static func architecture(named name: String) -> (any Architecture.Type)? {
        all.first { $0.name == name }
    }
}
