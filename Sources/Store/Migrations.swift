/// One step from a schema to the next.
///
/// Never edited once released: a change is a new step.
package struct Migration: Sendable {
    package let name: String
    package let sql: String

    package init(name: String, sql: String) {
        self.name = name
        self.sql = sql
    }
}

/// The steps in order; `PRAGMA user_version` counts those that a database has seen.
package enum Migrations {
    package static let all: [Migration] = [
        Migration(name: "initial", sql: initialSchema),
        Migration(name: "records", sql: recordsSchema),
        Migration(name: "generations", sql: generationsSchema),
        Migration(name: "speculative", sql: speculativeSchema),
        Migration(name: "watching", sql: watchingSchema),
        Migration(name: "lora-answers", sql: loraAnswersSchema),
        Migration(name: "training", sql: trainingSchema),
        Migration(name: "outcome-vectors", sql: outcomeVectors),
        Migration(name: "fidelity", sql: fidelityViews),
        Migration(name: "experiment-columns", sql: experimentViews),
    ]

    /// `BLLM`, in `PRAGMA application_id`: how a database of ours is told from others.
    package static let applicationID: UInt32 = 0x424C_4C4D

    /// Brings a database up to date, one transaction per step.
    package static func apply(_ migrations: [Migration] = all, to database: Database)
        throws(StoreError)
    {
        let applied = try check(database, against: migrations)
        for (index, migration) in migrations.enumerated().dropFirst(applied) {
            try database.transaction { () throws(StoreError) in
                if index == 0 {
                    // In the same transaction as the tables, so that no file is half ours.
                    try database.execute("PRAGMA application_id = \(applicationID)")
                    try database.execute(
                        """
                        CREATE TABLE migrations (
                            position INTEGER PRIMARY KEY,
                            name TEXT NOT NULL UNIQUE
                        ) STRICT
                        """)
                }
                try database.execute(migration.sql)
                try database.run(
                    "INSERT INTO migrations (position, name) VALUES (?, ?)",
                    [.integer(Int64(index + 1)), .text(migration.name)])
                try database.execute("PRAGMA user_version = \(index + 1)")
            }
        }
    }

    /// The number of steps that a database has seen; refuses steps that this build has not.
    package static func check(_ database: Database, against migrations: [Migration] = all)
        throws(StoreError) -> Int
    {
        let version = Int(try database.integer("PRAGMA user_version") ?? 0)
        guard (0...migrations.count).contains(version) else {
            throw StoreError.newerSchema(
                file: database.file, found: version, known: migrations.count)
        }
        guard version > 0 else { return 0 }
        let names = try database.prepare("SELECT name FROM migrations ORDER BY position")
        var applied: [String] = []
        while try names.step() { applied.append(names.text(0) ?? "") }
        for (index, name) in applied.enumerated()
        where !migrations.indices.contains(index) || migrations[index].name != name {
            throw StoreError.unknownMigration(file: database.file, name: name)
        }
        return version
    }
}
