import Experiments
import Store
import Testing

@Suite struct MigrationTests {
    @Test func anEmptyFolderGetsACompleteDatabase() throws {
        let scratch = try Scratch()
        try RunStore(path: scratch.database).close()
        let database = try scratch.connect()
        #expect(
            try database.integer("PRAGMA application_id") == Int64(Migrations.applicationID))
        #expect(
            try database.integer("PRAGMA user_version") == Int64(Migrations.all.count))
        #expect(try database.value("SELECT name FROM migrations") == .text("initial"))
        #expect(try database.value("PRAGMA journal_mode") == .text("delete"))
        #expect(try database.value("PRAGMA quick_check") == .text("ok"))
    }

    @Test func migrationsRunOnceAndInOrder() throws {
        let scratch = try Scratch()
        let database = try scratch.connect()
        let first = Migration(name: "one", sql: "CREATE TABLE one (x INTEGER) STRICT")
        let second = Migration(name: "two", sql: "INSERT INTO one VALUES (7)")
        try Migrations.apply([first], to: database)
        try Migrations.apply([first, second], to: database)
        try Migrations.apply([first, second], to: database)
        #expect(try database.integer("SELECT count(*) FROM one") == 1)
        #expect(try database.integer("PRAGMA user_version") == 2)
    }

    @Test func aFailingMigrationLeavesNothing() throws {
        let scratch = try Scratch()
        let database = try scratch.connect()
        let bad = Migration(name: "bad", sql: "CREATE TABLE one (x INTEGER); SELECT nonsense")
        #expect(throws: StoreError.self) { try Migrations.apply([bad], to: database) }
        #expect(try database.integer("SELECT count(*) FROM sqlite_schema") == 0)
        #expect(try database.integer("PRAGMA user_version") == 0)
    }

    /// A file that is not ours, the message it gives, and that it stays as it was.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let name: String
        let sql: String?
        let message: String
        var testDescription: String { name }
    }

    static let refusals = [
        Refusal(
            name: "newer schema", sql: "PRAGMA user_version = 99",
            message:
                "DB: its schema is version 99, this build knows up to \(Migrations.all.count). "
                + "Nothing was changed; update billion-llm, or use another file with --db FILE."),
        Refusal(
            name: "unknown migration",
            sql: "UPDATE migrations SET name = 'other' WHERE position = 1",
            message: "DB: it was changed by the migration 'other', which this build does not "
                + "know. Nothing was changed; use the build that made it, or another file with "
                + "--db FILE."),
        Refusal(
            name: "another program's database", sql: "PRAGMA application_id = 77",
            message: "DB: expected a database of runs, found an SQLite database of another "
                + "program (application id 77). Nothing was changed; name another file with "
                + "--db FILE."),
        Refusal(
            name: "no database", sql: nil,
            message: "DB: expected a database of runs, found another kind of file. Nothing was "
                + "changed; name another file with --db FILE."),
    ]

    @Test(arguments: refusals)
    func refusesAndChangesNothing(_ refusal: Refusal) throws {
        let scratch = try Scratch()
        if let sql = refusal.sql {
            try RunStore(path: scratch.database).close()
            let database = try scratch.connect()
            try database.execute(sql)
            database.close()
        } else {
            scratch.write(Array("name: quickstart\n".utf8))
        }
        let before = scratch.bytes()
        let expected = replaced("DB:", by: scratch.database + ":", in: refusal.message)
        #expect(message { try RunStore(path: scratch.database) } == expected)
        #expect(message { try ReadOnlyStore(path: scratch.database) } == expected)
        #expect(scratch.bytes() == before)
        #expect(try scratch.files() == ["runs.sqlite"])
    }

    @Test func placesThatCannotHoldADatabase() throws {
        let scratch = try Scratch()
        #expect(
            message { try RunStore(path: scratch.folder + "/none/runs.sqlite") }
                == "\(scratch.folder)/none/runs.sqlite: cannot be opened: No such file or directory."
        )
        #expect(
            message { try RunStore(path: scratch.folder) }
                == "\(scratch.folder): cannot be opened: Is a directory.")
        #expect(
            message { try ReadOnlyStore(path: scratch.folder) }
                == "\(scratch.folder): cannot be opened: it is not a regular file.")
        #expect(
            message { try ReadOnlyStore(path: scratch.database) }
                == "\(scratch.database): there is no such database. Measure something first: "
                + "./billion run experiments/quickstart.yaml")
    }
}

func replaced(_ word: String, by other: String, in text: String) -> String {
    text.split(separator: word, omittingEmptySubsequences: false).joined(separator: other)
}
