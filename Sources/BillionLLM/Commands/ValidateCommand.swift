import Basics
import Experiments
import Runner

/// Checks manifests, and that the models that they name are there or can be fetched.
enum ValidateCommand: Command {
    static let specification = CommandSpecification(
        name: "validate",
        summary: "check manifests: every mistake, and every model that is not there",
        operands: "FILE...", operandCount: 1...1000,
        examples: [
            "billion validate experiments/quickstart.yaml", "billion validate experiments/*.yaml",
        ])

    static func run(_ arguments: Arguments) throws -> ExitStatus {
        let project = try Project()
        let access = try ModelAccess.standard()
        var isFine = true
        for file in arguments.operands {
            do throws(ManifestError) {
                let manifest = try Manifest.load(path: file)
                let plan = try Plan(manifest: manifest, catalog: Project.catalog)
                let resolver = JobResolver(project: project, manifest: manifest, access: access)
                if !show(ModelCheck(plan.cells, resolver), of: plan, manifest, access) {
                    isFine = false
                }
            } catch {
                Console.error("\(error)")
                isFine = false
            }
        }
        return isFine ? .success : .usage
    }

    /// - Returns: whether all models are there or can be fetched.
    private static func show(
        _ check: ModelCheck, of plan: Plan, _ manifest: Manifest, _ access: ModelAccess
    ) -> Bool {
        let count = plan.cells.count
        let jobs = "\(count) \(count == 1 ? "job" : "jobs")"
        guard check.jobs > 0 else {
            let pulls = check.pulls(access.store).map { "; 'run' first pulls \($0)" }
            Console.print("\(manifest.file): fine, \(jobs)\(pulls ?? "")")
            return true
        }
        let unable =
            check.jobs == count
            ? "none of its \(jobs) can run"
            : "\(check.jobs) of its \(jobs) \(PlannedJob.unableWord)"
        Console.error("\(manifest.file): well-formed, but \(unable):")
        for (model, reason) in check.faults {
            Console.error("\(manifest.fault(ofModel: model, reason))")
        }
        return false
    }
}
