import Basics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Multiple-choice questions by subject, read from MMLU's folder of CSV files.
///
///     dev/<subject>_dev.csv     the few-shot examples
///     test/<subject>_test.csv   the questions that are scored
///
/// Six columns without a header: question, four choices, letter of the right one. The two folders
/// may also lie in a folder `data`, as in the authors' archive. Subjects are in the order of the
/// sorted file names.
package struct MMLUDataset: Sendable {
    package static let letters = ["A", "B", "C", "D"]

    package struct Question: Hashable, Sendable {
        package var text: String
        /// Four of them.
        package var choices: [String]
        /// Index of the right choice.
        package var answer: Int

        package init(text: String, choices: [String], answer: Int) {
            self.text = text
            self.choices = choices
            self.answer = answer
        }

        package var answerLetter: String { MMLUDataset.letters[answer] }
    }

    package struct Subject: Hashable, Sendable {
        /// As in the file names: `high_school_physics`.
        package var name: String
        /// The `dev` file, from whose beginning few-shot examples are taken.
        package var examples: [Question]
        /// The `test` file.
        package var questions: [Question]

        package init(name: String, examples: [Question], questions: [Question]) {
            self.name = name
            self.examples = examples
            self.questions = questions
        }
    }

    package let name: String
    package let subjects: [Subject]
    /// SHA-256 over path, length and bytes of every file that was read: equal digests mean equal
    /// data, wherever the folder lies.
    package let digest: String

    package var questionCount: Int { subjects.reduce(0) { $0 + $1.questions.count } }

    /// Reads a whole dataset.
    ///
    /// - Parameter name: how the dataset is called in messages; the folder's own name if nil.
    package static func load(folder: String, name: String? = nil) throws(DatasetError)
        -> MMLUDataset
    {
        let name = name ?? folder.split(separator: "/").last.map(String.init) ?? folder
        guard let root = root(of: folder) else {
            throw DatasetError(
                name,
                "wanted the folders dev and test in it (or in its folder data), and at least one "
                    + "is missing. datasets/README.md shows the layout.")
        }
        let reader = Reader(root: root, name: name)
        let tested = try reader.subjects(in: "test")
        let exampled = try reader.subjects(in: "dev")
        for (subjects, others, missing) in [(tested, exampled, "dev"), (exampled, tested, "test")] {
            let known = Set(others)
            guard let alone = subjects.first(where: { !known.contains($0) }) else { continue }
            throw DatasetError(
                "\(name)/\(missing)/\(alone)_\(missing).csv",
                "the file is missing. Every subject needs a dev and a test file.")
        }
        guard !tested.isEmpty else {
            throw DatasetError("\(name)/test", "there is no file named <subject>_test.csv.")
        }
        var digest = SHA256()
        var subjects: [Subject] = []
        for subject in tested {
            let examples = try reader.questions(of: subject, split: "dev", into: &digest)
            let questions = try reader.questions(of: subject, split: "test", into: &digest)
            subjects.append(Subject(name: subject, examples: examples, questions: questions))
        }
        return MMLUDataset(name: name, subjects: subjects, digest: digest.hexDigest())
    }

    /// The folder that holds `dev` and `test`: the given one, or its folder `data`; nil if neither.
    static func root(of folder: String) -> String? {
        [folder, folder + "/data"].first { root in
            ["dev", "test"].allSatisfy { split in
                var isFolder = false
                let path = root + "/" + split
                return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                    && isFolder
            }
        }
    }
}

/// Reads the files of one dataset and names them in messages as `<dataset>/<split>/<file>`.
private struct Reader {
    let root: String
    let name: String

    /// Subjects with a file in the folder `split`, in the order of the file names.
    func subjects(in split: String) throws(DatasetError) -> [String] {
        let suffix = "_\(split).csv"
        let files: [String]
        do {
            files = try FileManager.default.contentsOfDirectory(atPath: "\(root)/\(split)")
        } catch {
            throw DatasetError("\(name)/\(split)", "the folder cannot be read.")
        }
        // A leading dot marks what file systems and archivers leave behind (`._anatomy_test.csv`).
        return files.filter { $0.hasSuffix(suffix) && $0 != suffix && !$0.hasPrefix(".") }.sorted()
            .map { String($0.dropLast(suffix.count)) }
    }

    func questions(of subject: String, split: String, into digest: inout SHA256)
        throws(DatasetError) -> [MMLUDataset.Question]
    {
        let path = "\(split)/\(subject)_\(split).csv"
        let place = "\(name)/\(path)"
        guard let data = FileManager.default.contents(atPath: "\(root)/\(path)") else {
            throw DatasetError(place, "the file cannot be read.")
        }
        let bytes = [UInt8](data)
        digest.update("\(path)\0\(bytes.count)\0")
        digest.update(bytes)
        var questions: [MMLUDataset.Question] = []
        for record in try CSV.records(bytes, place: place) {
            questions.append(try question(record, place: place))
        }
        guard !questions.isEmpty else { throw DatasetError(place, "the file holds no questions.") }
        return questions
    }

    private func question(_ record: CSV.Record, place: String) throws(DatasetError)
        -> MMLUDataset.Question
    {
        guard record.fields.count == 6 else {
            throw DatasetError(
                place, line: record.line,
                "wanted 6 columns (question, four choices, answer), found \(record.fields.count).")
        }
        guard let answer = MMLUDataset.letters.firstIndex(of: record.fields[5]) else {
            throw DatasetError(
                place, line: record.line,
                "wanted A, B, C or D as the answer in column 6, found '\(record.fields[5])'.")
        }
        return MMLUDataset.Question(
            text: record.fields[0], choices: Array(record.fields[1...4]), answer: answer)
    }
}
