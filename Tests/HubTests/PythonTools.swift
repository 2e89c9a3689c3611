import Basics
import TestSupport
import Testing

@testable import Hub

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A cache of its own, and a `python3` on PATH that does what the test says instead of pip.
final class FakePython {
    let folder: TemporaryFolder
    let environment: [String: String]
    let paths: Paths

    /// - Parameter pip: shell commands run in pip's place; `$folder` is where the wheel goes.
    ///   Everything that is not pip is done by the real python3.
    init(pip: String) throws {
        folder = try TemporaryFolder()
        try folder.writeScript(
            """
            #!/bin/sh
            case "$2" in
            *runpy*)
                folder=; previous=
                for word; do
                    [ "$previous" = -d ] && folder=$word
                    previous=$word
                done
                echo "$*" | tail -n 1 >>"\(folder["calls"])"
                \(pip)
                ;;
            *) exec "\(realPython ?? "/no/python3")" "$@" ;;
            esac
            """, to: "bin/python3")
        environment = ["PATH": "\(folder["bin"]):/usr/bin:/bin", "HOME": folder["home"]]
        paths = try Paths(environment: environment)
    }

    /// Makes the wheel that `cp "wheel.whl" "$folder"` in the fake can bring.
    func makeWheel(_ members: [String: String]) throws {
        let script = """
            import sys, zipfile
            with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as wheel:
                for name, text in zip(sys.argv[2::2], sys.argv[3::2]): wheel.writestr(name, text)
            """
        let words = members.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        let outcome = try Subprocess(
            realPython ?? "python3", ["-c", script, folder["wheel.whl"]] + words
        ).run()
        guard outcome.succeeded else { throw BasicsError.file(outcome.errorText) }
    }

    func store(_ catalog: [CatalogModel] = []) -> ModelStore {
        ModelStore(paths: paths, environment: environment, catalog: catalog)
    }

    /// How often pip was called.
    var calls: Int {
        ((try? folder.text(of: "calls")) ?? "").split(separator: "\n").count
    }

    /// Every file below the cache's models, without locks.
    func cachedFiles() throws -> [String] {
        func files(_ path: String) throws -> [String] {
            guard FileSystem.isFolder(path) else { return [path] }
            return try FileSystem.names(in: path).flatMap { try files(FileSystem.join(path, $0)) }
        }
        let models = FileSystem.join(paths.cache, "models")
        guard FileSystem.exists(models) else { return [] }
        return try files(models).map { String($0.dropFirst(models.count + 1)) }
            .filter { !$0.hasSuffix(".lock") }
    }
}

/// A catalog entry for a small made-up model.
func catalogModel(text: String, byteCount: Int64? = nil) -> CatalogModel {
    CatalogModel(
        name: "tiny", aliases: ["tiny-alias"], license: "MIT", shape: tinyShape,
        source: .wheel(
            WheelSource(
                requirement: "tiny-wheel==1.0", packageBytes: 400, file: "tiny_wheel/tiny.gguf",
                sha256: SHA256.hex(text), byteCount: byteCount ?? Int64(text.utf8.count))))
}

let tinyShape = ModelShape(
    .llama, width: 8, layers: 1, heads: 2, feedForward: 8, vocabulary: 16, context: 32)
