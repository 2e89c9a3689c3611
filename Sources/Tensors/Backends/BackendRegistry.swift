/// What this build can compute on.
///
/// One line a backend.
package enum BackendRegistry {
    package struct Entry: Sendable {
        package let name: String
        /// Makes the backend, or says in one sentence why it cannot be used here.
        package let make:
            @Sendable (_ threads: Int, _ computation: Computation) throws -> any Backend
    }

    package static let all: [Entry] = [
        Entry(name: "cpu", make: { CPUBackend(threads: $0, computation: $1) })
    ]

    package static func entry(named name: String) -> Entry? { all.first { $0.name == name } }
}
