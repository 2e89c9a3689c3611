import Experiments

/// What this build can measure.
///
/// One line a task.
package enum TaskRegistry {
    package static var all: [any EvaluationTask.Type] {
        [
            FidelityTask.self,
            HumanEvalInstructTask.self,
            HumanEvalTask.self,
            LoRATask.self,
            MemoryTask.self,
            MMLUTask.self,
            SpeculativeTask.self,
            SpeedTask.self,
        ]
    }

    package static func task(kind: String) -> (any EvaluationTask.Type)? {
        all.first { $0.kind == kind }
    }

    package static var catalogEntries: [Catalog.TaskEntry] {
        all.map { Catalog.TaskEntry(kind: $0.kind, version: $0.version, settings: $0.settings) }
    }
}
