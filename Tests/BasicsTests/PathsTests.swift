import Basics
import TestSupport
import Testing

@Suite struct PathsTests {
    @Test(arguments: [
        (["HOME": "/h"], "/h/.cache/billion-llm", "/h/.local/state/billion-llm"),
        (
            ["HOME": "/h", "XDG_CACHE_HOME": "/c", "XDG_STATE_HOME": "/s/"], "/c/billion-llm",
            "/s/billion-llm"
        ),
        // Relative and empty values do not count.
        (
            ["HOME": "/h", "XDG_CACHE_HOME": "c", "XDG_STATE_HOME": ""], "/h/.cache/billion-llm",
            "/h/.local/state/billion-llm"
        ),
        (["XDG_CACHE_HOME": "/c", "XDG_STATE_HOME": "/s"], "/c/billion-llm", "/s/billion-llm"),
    ])
    func foldersFollowTheEnvironment(environment: [String: String], cache: String, state: String)
        throws
    {
        let paths = try Paths(environment: environment)
        #expect(paths.cache == cache)
        #expect(paths.state == state)
    }

    @Test(arguments: [[:], ["HOME": ""], ["HOME": "relative"]])
    func withoutAHomeThereIsAnError(environment: [String: String]) {
        let error = #expect(throws: BasicsError.self) { try Paths(environment: environment) }
        #expect(
            error?.description
                == "HOME: not set to a folder, and neither is XDG_CACHE_HOME. Set one of them.")
    }

    @Test func theInstallationKeepsItsId() throws {
        let folder = try TemporaryFolder()
        let paths = try Paths(environment: ["HOME": folder.path])
        let id = try paths.installation()
        #expect(id.count == 32)
        #expect(try paths.installation() == id)
        #expect(try FileSystem.names(in: paths.state) == ["installation"])
        let other = try Paths(environment: ["HOME": folder["other"]])
        #expect(try other.installation() != id)
    }

    @Test func manyFirstUsesAtOnceAgree() async throws {
        let folder = try TemporaryFolder()
        let paths = try Paths(environment: ["HOME": folder.path])
        let ids = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<16 { group.addTask { try paths.installation() } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(ids.count == 1)
        #expect(try FileSystem.names(in: paths.state) == ["installation"])
    }

    @Test func aSpoiltInstallationIsAnErrorWithTheNextStep() throws {
        let folder = try TemporaryFolder()
        let paths = try Paths(environment: ["HOME": folder.path])
        try folder.write("not an id\n", to: ".local/state/billion-llm/installation")
        let error = #expect(throws: BasicsError.self) { try paths.installation() }
        #expect(error?.description.contains("found 'not an id'. Remove the file") == true)
    }

    @Test func theProjectIsTheNearestFolderWithExperiments() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "project/experiments/a.yaml")
        try FileSystem.makeFolder(folder["project/deep/er"])
        try FileSystem.makeFolder(folder["elsewhere"])
        #expect(try Paths.projectFolder(from: folder["project/deep/er"]) == folder["project"])
        #expect(try Paths.projectFolder(from: folder["project"]) == folder["project"])
        #expect(try Paths.projectFolder(from: folder["elsewhere"]) == folder["elsewhere"])
    }
}
