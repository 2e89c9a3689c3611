import Experiments

/// Python functions to be written from their docstrings, and judged by their tests.
package enum HumanEvalTask: EvaluationTask {
    package static let kind = "humaneval"
    package static let version = 1
    package static let summary = "Python functions completed from their docstrings, and run"
    package static let runsForeignCode = true
    package static let settings = HumanEvalSettings.catalog

    package static func run(_ context: TaskContext) throws {
        try HumanEvalRun(context, protocol: .completion, chat: nil).run()
    }
}

/// The same asked for in a conversation, with the answer begun.
package enum HumanEvalInstructTask: EvaluationTask {
    package static let kind = "humaneval_instruct"
    package static let version = 1
    package static let summary = "the same, asked for in the model's chat template"
    package static let runsForeignCode = true
    package static let settings =
        HumanEvalSettings.catalog + [
            .init(
                "apply_chat_template", .bool, default: .bool(true),
                "false puts question and begun answer one behind the other, as for base models")
        ]

    package static func run(_ context: TaskContext) throws {
        let chat =
            try context.bool("apply_chat_template")
            ? try HarnessChat(context.model.tokenizer()) : nil
        try HumanEvalRun(context, protocol: .instruct, chat: chat).run()
    }
}

/// A task whose dataset is a file of problems in HumanEval's layout.
package protocol ProblemTask: EvaluationTask {}

extension ProblemTask {
    package static func findDataset(_ name: String, in locator: DatasetLocator)
        throws(DatasetError) -> String
    {
        try HumanEvalLocator(folders: locator.searchFolders).locate(name)
    }

    package static func datasetDigest(_ path: String, name: String) throws(DatasetError) -> String {
        try HumanEvalProblem.digest(of: path)
    }
}

extension HumanEvalTask: ProblemTask {}
extension HumanEvalInstructTask: ProblemTask {}
