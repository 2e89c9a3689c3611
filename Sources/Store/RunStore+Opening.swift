import Experiments

extension RunStore {
    /// Opens the database for writing: creates it, brings its schema up to date, and marks what
    /// killed runners left behind as interrupted.
    ///
    /// Several processes may write to one file, but not on a network file system, and not while
    /// its schema has to change. Throws, and changes nothing, when the file belongs to another
    /// program or to a newer build.
    ///
    /// - Parameter patience: how long to wait for others that keep everybody out.
    /// - Parameter network: the network file system that the file is on; found out when not said.
    package convenience init(
        path shown: String, patience: Duration = .seconds(1), network: String? = nil,
        now: @escaping () -> String = UTCTime.now
    ) throws(StoreError) {
        if let file = try? StoreFile(existing: shown) {
            // By descriptor this process must not open a second time what it writes already.
            guard !OpenWriters.contains(file.identity) else {
                throw StoreError.anotherWriter(file: shown)
            }
            _ = try file.checkedHeader(emptyIsFine: true)
        }
        let lock = try DatabaseLock(path: shown, named: shown, kind: .exclusive)
        // Who comes or goes takes moments, unless a large log is written back.
        guard try lock.acquire(.setup, .exclusive, patience: patience + .seconds(10)) else {
            throw StoreError.anotherWriter(file: shown)
        }
        defer { lock.release(.setup) }
        guard try lock.acquireWriterPlace(patience: patience) != nil else {
            throw StoreError.anotherWriter(file: shown)
        }
        let file = try StoreFile(existing: shown)
        var isReady = false
        if case .database(_, _, Migrations.all.count) = try file.header() { isReady = true }
        // Only who is alone may change the schema. A process that is just being started may hold
        // a lock of its parent's for a moment more.
        let deadline = ContinuousClock.now + patience
        while !isReady, lock.isTaken(.allWriters), ContinuousClock.now < deadline {
            pause(milliseconds: 20)
        }
        let isAlone = !lock.isTaken(.allWriters)
        let network = network ?? NetworkFileSystem.name(of: file.path)
        if let network, !isAlone {
            throw StoreError.anotherWriterOnNetwork(file: shown, fileSystem: network)
        }
        OpenWriters.insert(file.identity)
        do throws(StoreError) {
            let database = try Self.connect(
                to: file, lock: lock, isAlone: isAlone, isOnNetwork: network != nil)
            self.init(database: database, file: file, lock: lock, now: now)
        } catch {
            OpenWriters.remove(file.identity)
            throw error
        }
    }

    private static func connect(
        to file: StoreFile, lock: DatabaseLock, isAlone: Bool, isOnNetwork: Bool
    ) throws(StoreError) -> Database {
        let database = try Database(path: file.path, named: file.shown, access: .readWrite)
        do throws(StoreError) {
            // A log in shared memory needs one machine; a journal in a file needs none.
            if isOnNetwork { _ = try database.value("PRAGMA locking_mode = EXCLUSIVE") }
            // Before anything is changed; SQLite itself reads a log left by a killed runner.
            let version = try Migrations.check(database)
            try database.execute("PRAGMA foreign_keys = ON")
            if isAlone {
                if version > 0 { try checkPages(of: database, file) }
                // The schema is made without a log: the file's own first page then always says
                // whose it is, whatever happens later.
                try Migrations.apply(to: database)
                if !isOnNetwork { _ = try database.value("PRAGMA journal_mode = WAL") }
            } else {
                guard version == Migrations.all.count else {
                    throw StoreError.anotherWriter(file: file.shown)
                }
                database.setPatience(busyPatience)
            }
            try database.execute("PRAGMA synchronous = FULL")
            try markDeadRuns(in: database, lock)
            database.setPatience(busyPatience)
            return database
        } catch {
            // Before the lock's descriptor goes, for that takes SQLite's locks along.
            database.close()
            throw error
        }
    }

    /// Others commit too, each in moments; to wait a minute is better than to fail.
    private static let busyPatience = Duration.seconds(60)

    /// A database of up to so many bytes is read through before it is written to.
    private static let checkedBytes: Int64 = 64 << 20

    private static func checkPages(of database: Database, _ file: StoreFile) throws(StoreError) {
        guard (file.companionBytes("") ?? 0) <= checkedBytes else { return }
        let finding = try database.value("PRAGMA quick_check(1)")
        if case .text(let text) = finding, text != "ok" {
            throw StoreError.damaged(file: file.shown, finding: text)
        }
    }

    /// Runs whose process is gone hold no lock any more.
    private static func markDeadRuns(in database: Database, _ lock: DatabaseLock)
        throws(StoreError)
    {
        try database.transaction { () throws(StoreError) in
            let row = try database.prepare("SELECT id FROM runs WHERE status = 'running'")
            var dead: [SQLValue] = []
            while try row.step() {
                if let run = row.integer(0), !lock.isTaken(.run(run)) { dead.append(.integer(run)) }
            }
            for run in dead {
                try database.run(
                    """
                    UPDATE attempts SET status = 'interrupted',
                        reason = 'the runner ended before the job did'
                    WHERE status = 'running' AND run_id = ?
                    """, [run])
                try database.run("UPDATE runs SET status = 'interrupted' WHERE id = ?", [run])
                try database.run("DELETE FROM run_heartbeats WHERE run_id = ?", [run])
                try database.run("DELETE FROM cancellations WHERE run_id = ?", [run])
            }
        }
    }
}

extension StoreFile {
    /// Goes back from the log to a single file, waiting for readers as long as `patience`.
    func leaveLog(of database: Database, patience: Duration) throws(StoreError) {
        let deadline = ContinuousClock.now + patience
        while true {
            var mode: SQLValue?
            do throws(StoreError) {
                mode = try database.value("PRAGMA journal_mode = DELETE")
            } catch {
                guard case .sqlite(_, let code, _, _) = error, [5, 6].contains(code & 0xff) else {
                    throw error
                }
            }
            if mode == .text("delete") || ContinuousClock.now >= deadline { return }
            pause(milliseconds: 20)
        }
    }
}

extension Database {
    /// Jobs that have a done attempt from an installation.
    func finishedJobs(installation: String) throws(StoreError) -> Set<JobID> {
        let statement = try prepare(
            """
            SELECT DISTINCT j.job_id
            FROM attempts a
            JOIN jobs j ON j.id = a.job_id
            JOIN runs r ON r.id = a.run_id
            JOIN hosts h ON h.id = r.host_id
            WHERE a.status = 'done' AND h.installation = ?
            """, [.text(installation)])
        var jobs: Set<JobID> = []
        while try statement.step() {
            if let text = statement.text(0) { jobs.insert(JobID(text: text)) }
        }
        return jobs
    }
}
