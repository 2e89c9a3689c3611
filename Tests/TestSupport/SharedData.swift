import Basics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Data that tests use when it is there and skip with a message when it is not.
package enum SharedData {
    /// The checkout's root, from this file's place in it.
    package static let packageRoot: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        return parts.joined(separator: "/")
    }()

    /// A file or folder under `../shared` (or `$BILLION_TEST_SHARED`), or nil when there is none.
    package static func path(_ relative: String) -> String? {
        let folder = ProcessInfo.processInfo.environment["BILLION_TEST_SHARED"]
        return existing((folder ?? packageRoot + "/../shared") + "/" + relative)
    }

    /// The small real model, where an earlier command or the CI script has put it.
    package static let smolLM2: String? = {
        let environment = ProcessInfo.processInfo.environment
        let cache = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "") + "/.cache"
        return environment["BILLION_TEST_MODEL"].flatMap(existing)
            ?? existing(
                cache + "/billion-llm/models/smollm2-135m-instruct"
                    + "/SmolLM2-135M-Instruct.Q4_1.gguf")
    }()

    /// Folders with tokenizer.json files made of the real vocabularies; `Tests/README.md` says how.
    package static let tokenizerFolders =
        ProcessInfo.processInfo.environment["BILLION_TEST_TOKENIZERS"].flatMap(existing)

    /// Whether checks that take minutes are asked for.
    package static let runsSlowTests =
        ProcessInfo.processInfo.environment["BILLION_SLOW_TESTS"] == "1"

    private static func existing(_ path: String) -> String? {
        FileManager.default.fileExists(atPath: path) ? path : nil
    }
}
