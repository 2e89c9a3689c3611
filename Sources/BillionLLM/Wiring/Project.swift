import Basics
import Experiments
import Hub
import Tasks

/// The folder that relative things belong to, and what is in it.
struct Project: Sendable {
    let folder: String

    /// The nearest folder at or above the working folder with `experiments/`, else that itself.
    init() throws { folder = try Paths.projectFolder() }

    /// `runs.sqlite` at the top, unless `--db` says otherwise.
    func databasePath(_ arguments: Arguments) -> String {
        arguments.string("db") ?? FileSystem.join(folder, "runs.sqlite")
    }

    var reportPath: String { FileSystem.join(folder, "COMPARISON.md") }

    /// The project's own datasets, those that the launcher's checkout brings, and
    /// `$BILLION_DATASETS`.
    var datasets: DatasetLocator {
        DatasetLocator(
            projectRoot: folder, checkout: Program.sharedFolder,
            environmentFolder: Program.environment["BILLION_DATASETS"],
            pulled: (try? Paths()).map(DatasetStore.folder(in:)))
    }

    /// Every name that this build knows, for checking a manifest.
    static var catalog: Catalog {
        Catalog(
            models: ModelCatalog.models.map {
                Catalog.ModelEntry(
                    name: $0.name, aliases: $0.aliases, revisions: $0.source.revisions)
            },
            quantizations: Quantizations.names, tasks: TaskRegistry.catalogEntries,
            backends: HardwareTarget.catalogEntries)
    }
}
