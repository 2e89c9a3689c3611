import Basics
import Experiments
import Hub
import Runner
import Store

/// Shows what `run` would do.
enum PlanCommand: Command {
    static let specification = CommandSpecification(
        name: "plan", summary: "show the jobs in order, what is done, what cannot run and why",
        operands: "FILE...", operandCount: 1...1000,
        options: [
            .init("db", "FILE", "the database (default runs.sqlite of the project)"),
            .init("fresh", nil, "as if nothing were done yet"),
        ],
        examples: [
            "billion plan experiments/quickstart.yaml",
            "billion plan experiments/quickstart.yaml --fresh",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        for file in arguments.operands {
            try show(file, arguments: arguments, announce: arguments.operands.count > 1)
        }
        return .success
    }

    /// Prints the plan of one manifest.
    static func show(_ file: String, arguments: Arguments, announce: Bool) throws {
        let manifest = try Manifest.load(path: file)
        let plan = try Plan(manifest: manifest, catalog: Project.catalog)
        let project = try Project()
        let access = try ModelAccess.standard()
        let resolver = JobResolver(project: project, manifest: manifest, access: access)
        let planned = PlannedJob.resolve(
            try resolver.resolve(plan.cells),
            finished: try finishedJobs(at: project.databasePath(arguments)),
            fresh: arguments.has("fresh"))
        if announce { Console.print("\(file):") }
        for line in lines(planned, resolver: resolver) { Console.print(line) }
    }

    /// What the database says; none when there is no database yet.
    private static func finishedJobs(at path: String) throws -> Set<JobID> {
        guard FileSystem.exists(path) else { return [] }
        let store = try ReadOnlyStore(path: path)
        return try store.finishedJobs(installation: Paths().installation())
    }

    private static func lines(_ planned: [PlannedJob], resolver: JobResolver) -> [String] {
        let titles = planned.map(\.cell.title)
        let width = titles.map(\.count).max() ?? 0
        var absent: [String] = []
        var counts: [String: Int] = [:]
        var lines: [String] = []
        for (index, line) in planned.enumerated() {
            let state: String
            switch line.state {
            case .ready, .notPulled:
                let isHere = resolver.isHere(line.cell)
                state = isHere ? "to do" : "to do (model is pulled first)"
                if !isHere, let name = resolver.location(of: line.cell)?.name,
                    !absent.contains(name)
                {
                    absent.append(name)
                }
                counts["to do", default: 0] += 1
            case .alreadyDone:
                state = "done"
                counts["done", default: 0] += 1
            case .sameAs(let number):
                state = "same as job \(number)"
                counts["repeated", default: 0] += 1
            case .unavailable(let reason), .broken(let reason):
                state = "cannot run here: \(reason)"
                counts["cannot run", default: 0] += 1
            }
            let number = String(index + 1)
            let indent = String(repeating: " ", count: max(0, 4 - number.count))
            let padding = String(repeating: " ", count: width - titles[index].count)
            lines.append("\(indent)\(number)  \(titles[index])\(padding)  \(state)")
        }
        let parts = ["to do", "done", "repeated", "cannot run"].compactMap { key in
            counts[key].map { "\($0) \(key)" }
        }
        lines.append("\(planned.count) jobs: \(parts.joined(separator: ", ")).")
        if !absent.isEmpty { lines.append("To be pulled: \(absent.joined(separator: ", ")).") }
        return lines
    }
}
