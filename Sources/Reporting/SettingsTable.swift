import Basics
import Experiments

/// The settings that manifests may set, as the table of the manifest reference.
package enum SettingsTable {
    private struct Row {
        let owner: String
        let setting: Catalog.Setting
    }

    /// All settings of the tasks, then those of hardware, which are the same for every backend.
    package static func markdown(
        tasks: [Catalog.TaskEntry], backends: [Catalog.BackendEntry]
    ) -> String {
        let rows =
            tasks.flatMap { task in task.settings.map { Row(owner: task.kind, setting: $0) } }
            + (backends.first?.settings ?? []).map { Row(owner: "hardware", setting: $0) }
        // Names and defaults are code, which a table of plain text would escape.
        let lines = rows.map { row in
            [
                Markdown.escape(row.owner), "`\(row.setting.key)`",
                Markdown.escape(row.setting.wanted), "`\(row.setting.defaultValue.plainText)`",
                Markdown.escape(row.setting.summary),
            ]
        }
        return
            (["| for | setting | value | default | meaning |", "|---|---|---|---|---|"]
            + lines.map { "| \($0.joined(separator: " | ")) |" }).joined(separator: "\n")
    }
}
