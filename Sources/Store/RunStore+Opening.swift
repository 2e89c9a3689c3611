import Experiments

extension RunStore {
    /// Opens the database for writing: creates it, brings its schema up to date, and marks what
    /// a killed runner left behind as interrupted.
    ///
    /// Throws, and changes nothing, when the file belongs to another program, to a newer build,
    /// or to a runner that is still writing.
    ///
    /// - Parameter patience: how long to wait for another writer to go.
    package convenience init(
        path shown: String, patience: Duration = .seconds(1),
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
        guard try lock.acquire(.exclusive, patience: patience) else {
            throw StoreError.anotherWriter(file: shown)
        }
        let file = try StoreFile(existing: shown)
        OpenWriters.insert(file.identity)
        do throws(StoreError) {
            let database = try Self.connect(to: file)
            self.init(database: database, file: file, lock: lock, now: now)
        } catch {
            OpenWriters.remove(file.identity)
            throw error
        }
    }

    private static func connect(to file: StoreFile) throws(StoreError) -> Database {
        let database = try Database(path: file.path, named: file.shown, access: .readWrite)
        do throws(StoreError) {
            // Before anything is changed; SQLite itself reads a log left by a killed runner.
            _ = try Migrations.check(database)
            try database.execute("PRAGMA foreign_keys = ON")
            // The schema is made without a log: the file's own first page then always says
            // whose it is, whatever happens later.
            try Migrations.apply(to: database)
            _ = try database.value("PRAGMA journal_mode = WAL")
            try database.execute("PRAGMA synchronous = FULL")
            try database.transaction { () throws(StoreError) in
                try database.run(
                    """
                    UPDATE attempts SET status = 'interrupted',
                        reason = 'the runner ended before the job did'
                    WHERE status = 'running'
                    """)
                try database.run("UPDATE runs SET status = 'interrupted' WHERE status = 'running'")
            }
            return database
        } catch {
            // Before the lock's descriptor goes, for that takes SQLite's locks along.
            database.close()
            throw error
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
