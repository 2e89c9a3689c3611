import Basics
import CKernels

/// The instruction set that kernels use: the best one of this processor, or the one asked for.
package enum KernelVariant {
    /// Names that this build knows, best first.
    package static var all: [String] {
        var names: [String] = []
        guard var next = ck_variants() else { return [] }
        while let name = next.pointee {
            names.append(String(cString: name))
            next += 1
        }
        return names
    }

    /// Those of them that this processor can run.
    package static var available: [String] { all.filter { ck_can_run($0) } }

    package static var current: String { String(cString: ck_variant()) }

    /// Uses the named variant from now on; nil and an empty name leave the choice as it is.
    ///
    /// For `BILLION_ISA`. Throws with what could be chosen.
    package static func choose(_ name: String?) throws(KernelVariantError) {
        guard let name, !name.isEmpty else { return }
        guard all.contains(name) else {
            throw KernelVariantError(
                description: "BILLION_ISA: unknown instruction set '\(name)'."
                    + Suggestion.sentence(for: name, among: all))
        }
        guard ck_choose_variant(name) else {
            throw KernelVariantError(
                description: "BILLION_ISA: this processor cannot run '\(name)'. It can run: "
                    + available.joined(separator: ", ") + ".")
        }
    }
}

/// An instruction set that cannot be used.
package struct KernelVariantError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}
