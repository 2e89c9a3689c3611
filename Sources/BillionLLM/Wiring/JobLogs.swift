import Basics
import Experiments
import Runner
import Store

/// Where the stderr of jobs is kept: a file a job in the state folder, the newest kept.
enum JobLogs {
    /// More logs than this are not kept; the oldest go.
    private static let limit = 500

    static func path(of id: JobID) throws -> String {
        FileSystem.join(try folder(), "\(id.text).log")
    }

    static func log(of job: Job) -> JobLog? {
        guard let path = try? path(of: job.id) else { return nil }
        return JobLog(path: path, heading: "== \(UTCTime.now()) \(job.cell.title)")
    }

    /// Removes the logs of jobs that have not been run for longest.
    static func prune() {
        guard let folder = try? folder(), let names = try? FileSystem.names(in: folder),
            names.count > limit
        else { return }
        let dated = names.map { name in
            let path = FileSystem.join(folder, name)
            return (path, FileSystem.modificationSeconds(of: path) ?? 0)
        }
        for (path, _) in dated.sorted(by: { $0.1 < $1.1 }).prefix(names.count - limit) {
            try? FileSystem.remove(path)
        }
    }

    private static func folder() throws -> String {
        FileSystem.join(try Paths().state, "logs")
    }
}
