import Experiments
import TestSupport
import Testing

@Suite struct LoadTests {
    private static let folder = SharedData.packageRoot + "/experiments"

    @Test(arguments: [
        (
            "quikstart.yaml",
            "experiments/quikstart.yaml: no such file. Did you mean 'experiments/quickstart.yaml'?"
        ),
        (
            "quickstart",
            "experiments/quickstart: no such file. Did you mean 'experiments/quickstart.yaml'?"
        ),
        ("nothing-like-it-at-all.yaml", "experiments/nothing-like-it-at-all.yaml: no such file."),
    ])
    func aMissingFile(name: String, message: String) {
        let error = #expect(throws: ManifestError.self) {
            try Manifest.load(
                path: Self.folder + "/" + name, displayName: "experiments/" + name)
        }
        #expect(error?.description == message)
        #expect(error?.issues.first?.mark == nil)
    }

    @Test func aFolder() {
        let error = #expect(throws: ManifestError.self) {
            try Manifest.load(path: Self.folder, displayName: "experiments")
        }
        #expect(error?.description == "experiments: cannot be read: Is a directory.")
    }

    @Test func aFileWithoutEnd() {
        let error = #expect(throws: ManifestError.self) { try Manifest.load(path: "/dev/zero") }
        #expect(
            error?.description
                == "/dev/zero: larger than 1048576 bytes; a manifest is a short text.")
    }

    @Test func thePathIsTheNameWhereNoneIsGiven() throws {
        let manifest = try Manifest.load(path: Self.folder + "/quickstart.yaml")
        #expect(manifest.file == Self.folder + "/quickstart.yaml")
        #expect(manifest.folder == Self.folder)
    }
}
