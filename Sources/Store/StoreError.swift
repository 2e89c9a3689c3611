/// What can go wrong with a database of runs.
///
/// The file is named as the caller named it.
package enum StoreError: Error, Hashable, Sendable {
    /// SQLite's own report: extended result code, message, and the statement being run.
    case sqlite(file: String, code: Int32, message: String, sql: String?)
    case missing(file: String)
    case cannotOpen(file: String, reason: String)
    case notADatabase(file: String)
    /// A database, but of another program: its `application_id` is not ours.
    case foreignDatabase(file: String, applicationID: UInt32)
    case newerSchema(file: String, found: Int, known: Int)
    /// The names of the applied migrations are not a beginning of ours.
    case unknownMigration(file: String, name: String)
    case anotherWriter(file: String)
    case anotherWriterOnNetwork(file: String, fileSystem: String)
    case mergedIntoItself(file: String)
    /// Its pages contradict each other.
    case damaged(file: String, finding: String)
    /// Another run measures the same job, or has finished it since this run began.
    case takenByAnotherRun(isDone: Bool)
    /// A killed runner's write-ahead log is there, and cannot be read in this folder.
    case unreadableLog(file: String)
    /// A killed runner left a rollback journal, which only a writer may play back.
    case unfinishedJournal(file: String)
    /// `what` names the metric or the sample.
    case notFinite(what: String, value: String)
    case reportedTwice(what: String)
    case outOfRange(what: String, value: String)
    case attemptNotRunning(attempt: Int64)
    case invalidStatus(String)
    case notEncodable(what: String, reason: String)
    case damagedValue(file: String, what: String, reason: String)
    case refusedQuery(reason: String)
    case query(message: String)
    case closed(file: String)
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .sqlite(let file, let code, let message, let sql):
            let statement = sql.map { " (while running: \(Self.excerpt($0)))" } ?? ""
            return "\(file): SQLite error \(code): \(message)\(statement)."
                + Self.nextStep(code: code)
        case .missing(let file):
            return "\(file): there is no such database. "
                + "Measure something first: ./billion run experiments/quickstart.yaml"
        case .cannotOpen(let file, let reason):
            return "\(file): cannot be opened: \(reason)."
        case .notADatabase(let file):
            return "\(file): expected a database of runs, found another kind of file. "
                + "Nothing was changed; name another file with --db FILE."
        case .foreignDatabase(let file, let id):
            return "\(file): expected a database of runs, found an SQLite database of another "
                + "program (application id \(id)). Nothing was changed; name another file with "
                + "--db FILE."
        case .newerSchema(let file, let found, let known):
            return "\(file): its schema is version \(found), this build knows up to \(known). "
                + "Nothing was changed; update billion-llm, or use another file with --db FILE."
        case .unknownMigration(let file, let name):
            return "\(file): it was changed by the migration '\(name)', which this build does "
                + "not know. Nothing was changed; use the build that made it, or another file "
                + "with --db FILE."
        case .anotherWriter(let file):
            return "\(file): another `billion run` is writing to it. Wait until that ends, or "
                + "keep this run's results elsewhere with --db FILE."
        case .anotherWriterOnNetwork(let file, let fileSystem):
            return "\(file): another `billion run` is writing to it, and on a network file system "
                + "(\(fileSystem)) only one may. Give each run a file of its own with --db FILE and "
                + "join them with `billion merge`."
        case .mergedIntoItself(let file):
            return "\(file): it is the database that the others are merged into. Name the others "
                + "only, or another one with --db FILE."
        case .damaged(let file, let finding):
            return "\(file): the database is damaged: \(finding). Nothing was changed. Keep a copy "
                + "of the file; `sqlite3 FILE .recover` saves what can be read."
        case .takenByAnotherRun(let isDone):
            return isDone
                ? "another run has finished it meanwhile." : "another run measures it now."
        case .unreadableLog(let file):
            return "\(file): a run was stopped before it could tidy up, part of the results are "
                + "in \(file)-wal, and this folder cannot be written. Copy both files to a folder "
                + "that can be written and use --db there."
        case .unfinishedJournal(let file):
            return "\(file): a run was stopped while it changed the file, \(file)-journal has to "
                + "be played back, and this file or folder cannot be written. Copy both files to a "
                + "folder that can be written and use --db there."
        case .notFinite(let what, let value):
            return "\(what): expected a finite number, found \(value). It was not stored."
        case .reportedTwice(let what):
            return "\(what): reported twice by the same job. The second one was not stored."
        case .outOfRange(let what, let value):
            return "\(what): \(value) does not fit a 64-bit signed integer. It was not stored."
        case .attemptNotRunning(let attempt):
            return "attempt \(attempt): it is not running in this store, so nothing can be added."
        case .invalidStatus(let status):
            return "run status '\(status)': expected finished, failed or interrupted."
        case .notEncodable(let what, let reason):
            return "\(what): cannot be written as JSON: \(reason). It was not stored."
        case .damagedValue(let file, let what, let reason):
            return "\(file): \(what) cannot be read: \(reason). Was it edited by hand?"
        case .refusedQuery(let reason):
            return "query: \(reason)"
        case .query(let message):
            return "query: \(message)"
        case .closed(let file):
            return "\(file): the database is closed."
        }
    }

    private static func excerpt(_ sql: String) -> String {
        let line = sql.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count <= 120 ? line : line.prefix(119) + "…"
    }

    private static func nextStep(code: Int32) -> String {
        switch code & 0xff {
        case 5, 6: " Another program is using the file; try again when it is done."
        case 10, 13: " Is the disk full or failing?"
        case 11, 26: " Keep a copy of the file; `sqlite3 FILE .recover` saves what can be read."
        default: ""
        }
    }
}
