import Basics
import TestSupport
import Testing

@testable import Tasks

@Suite("MMLU datasets") struct MMLUDatasetTests {
    // MARK: mini-mmlu, the dataset of this repository

    @Test func miniMMLUHasItsTenSubjects() throws {
        let dataset = try MMLUDataset.load(folder: MMLUFixtures.miniMMLU)
        #expect(dataset.name == "mini-mmlu")
        #expect(
            dataset.subjects.map(\.name) == [
                "abstract_algebra", "computer_security", "elementary_mathematics",
                "high_school_chemistry", "high_school_physics", "logical_fallacies",
                "machine_learning", "professional_law", "us_foreign_policy", "world_religions",
            ])
        #expect(dataset.questionCount == 220)
        for subject in dataset.subjects {
            #expect(subject.examples.count == 5, "\(subject.name)")
            #expect(subject.questions.count == 22, "\(subject.name)")
            #expect(MMLUSubjects.group(of: subject.name) != nil, "\(subject.name)")
        }
    }

    /// A model that always says the same letter must not look better than chance.
    @Test func rightAnswersOfMiniMMLUAreSpreadOverTheLetters() throws {
        for subject in try MMLUDataset.load(folder: MMLUFixtures.miniMMLU).subjects {
            for answer in 0..<4 {
                let here = subject.questions.filter { $0.answer == answer }.count
                let share = Double(here) / Double(subject.questions.count)
                #expect((0.15...0.35).contains(share), "\(subject.name) \(answer)")
            }
        }
    }

    @Test func cellsOfMiniMMLUAreFilledAndDistinct() throws {
        var seen: Set<String> = []
        for subject in try MMLUDataset.load(folder: MMLUFixtures.miniMMLU).subjects {
            for question in subject.examples + subject.questions {
                for cell in [question.text] + question.choices {
                    #expect(!cell.isEmpty && cell == MMLUPrompt.strippedLikePython(cell), "\(cell)")
                }
                #expect(Set(question.choices).count == 4, "\(question.text)")
                let letters = question.text.lowercased().filter { $0.isLetter || $0.isNumber }
                #expect(seen.insert(letters).inserted, "asked twice: \(question.text)")
            }
        }
        #expect(seen.count == 270)
    }

    // MARK: The real MMLU

    @Test(.enabled(if: MMLUFixtures.realMMLU != nil, "needs ../shared/data/mmlu"))
    func realMMLUHasTheKnownCounts() throws {
        let dataset = try MMLUDataset.load(folder: try #require(MMLUFixtures.realMMLU))
        #expect(dataset.subjects.count == 57)
        #expect(dataset.subjects.allSatisfy { $0.examples.count == 5 })
        #expect(dataset.questionCount == 14_042)
        var questions: [MMLUSubjects.Group: Int] = [:]
        for subject in dataset.subjects {
            let group = try #require(MMLUSubjects.group(of: subject.name), "\(subject.name)")
            questions[group, default: 0] += subject.questions.count
        }
        #expect(
            questions == [.stem: 3153, .other: 3107, .socialSciences: 3077, .humanities: 4705])
    }

    @Test func groupsAreThoseOfTheHarness() throws {
        let recorded = try MMLUFixtures.read(
            MMLUFixtures.Aggregation.self, "aggregation.json"
        ).subject_groups
        #expect(recorded.count == 57)
        #expect(MMLUSubjects.Group.allCases.map(\.subjects.count) == [19, 13, 12, 13])
        for (subject, group) in recorded {
            #expect(MMLUSubjects.group(of: subject)?.rawValue == group, "\(subject)")
        }
        #expect(MMLUSubjects.group(of: "anatomy") == .stem)
        #expect(MMLUSubjects.group(of: "astrology") == nil)
    }

    // MARK: Folders

    private static let good = "Two and two?,1,2,3,4,D\n"

    private func folder(_ files: [String: String]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (file, text) in files { try folder.write(text, to: file) }
        return folder
    }

    @Test func readsTheArchiveWithItsDataFolder() throws {
        let plain = try folder(["dev/b_dev.csv": Self.good, "test/b_test.csv": Self.good])
        let archive = try folder([
            "data/dev/b_dev.csv": Self.good, "data/test/b_test.csv": Self.good,
            "data/val/b_val.csv": "not read", "data/test/._b_test.csv": "not read",
            "data/test/notes.txt": "not read",
        ])
        let one = try MMLUDataset.load(folder: plain.path, name: "d")
        let other = try MMLUDataset.load(folder: archive.path, name: "d")
        let question = MMLUDataset.Question(
            text: "Two and two?", choices: ["1", "2", "3", "4"], answer: 3)
        #expect(other.subjects == one.subjects)
        #expect(one.subjects == [.init(name: "b", examples: [question], questions: [question])])
        #expect(question.answerLetter == "D")
        #expect(other.digest == one.digest)
    }

    @Test func digestTellsContentsAndNamesApart() throws {
        let contents: [[String: String]] = [
            ["dev/a_dev.csv": Self.good, "test/a_test.csv": Self.good],
            ["dev/a_dev.csv": Self.good, "test/a_test.csv": Self.good + Self.good],
            ["dev/a_dev.csv": Self.good + Self.good, "test/a_test.csv": Self.good],
            ["dev/a_dev.csv": Self.good, "test/a_test.csv": "Two and two?,1,2,4,3,D\n"],
            ["dev/b_dev.csv": Self.good, "test/b_test.csv": Self.good],
        ]
        let digests = try contents.map { files in
            let made = try folder(files)
            return try MMLUDataset.load(folder: made.path).digest
        }
        #expect(Set(digests).count == contents.count)
        #expect(digests.allSatisfy { $0.count == 64 })
    }

    @Test(arguments: [
        (
            [:],
            "d: wanted the folders dev and test in it (or in its folder data), and at least one "
                + "is missing. datasets/README.md shows the layout."
        ),
        (
            ["dev/readme.txt": "", "test/readme.txt": ""],
            "d/test: there is no file named <subject>_test.csv."
        ),
        (
            ["dev/a_dev.csv": good, "test/a_test.csv": good, "test/b_test.csv": good],
            "d/dev/b_dev.csv: the file is missing. Every subject needs a dev and a test file."
        ),
        (
            ["dev/a_dev.csv": good, "dev/b_dev.csv": good, "test/a_test.csv": good],
            "d/test/b_test.csv: the file is missing. Every subject needs a dev and a test file."
        ),
        (
            ["dev/a_dev.csv": good, "test/a_test.csv": good + "\"x\n\",1,2,3,A\n"],
            "d/test/a_test.csv:2: wanted 6 columns (question, four choices, answer), found 5."
        ),
        (
            ["dev/a_dev.csv": good + "x,1,2,3,4,E\n", "test/a_test.csv": good],
            "d/dev/a_dev.csv:2: wanted A, B, C or D as the answer in column 6, found 'E'."
        ),
        (
            ["dev/a_dev.csv": good, "test/a_test.csv": "\n"],
            "d/test/a_test.csv: the file holds no questions."
        ),
        (
            ["dev/a_dev.csv": good, "test/a_test.csv": "\"x,1,2,3,4,A\n"],
            "d/test/a_test.csv:1: the quote that opens a field here is never closed."
        ),
    ])
    func refuses(files: [String: String], message: String) throws {
        let made = try folder(files)
        let error = #expect(throws: DatasetError.self) {
            try MMLUDataset.load(folder: made.path, name: "d")
        }
        #expect(error?.description == message)
    }

    // MARK: Finding datasets by name

    @Test func locatorPrefersTheProjectAndListsEverything() throws {
        let row = Self.good
        let project = try folder([
            "datasets/mine/dev/a_dev.csv": row, "datasets/mine/test/a_test.csv": row + row,
            "datasets/mini-mmlu/dev/a_dev.csv": row, "datasets/mini-mmlu/test/a_test.csv": "x",
            "datasets/README.md": "no dataset",
        ])
        let elsewhere = try folder([
            "mine/dev/a_dev.csv": row, "mine/test/a_test.csv": row,
            "mmlu/data/dev/a_dev.csv": row, "mmlu/data/test/a_test.csv": row,
        ])
        let locator = DatasetLocator(
            projectRoot: project.path, environmentFolder: elsewhere.path)
        #expect(try locator.locate("mine").label == "datasets/mine")
        #expect(try locator.load("mmlu").questionCount == 1)

        let lines = locator.list().map { entry in
            switch entry.state {
            case .present(let location, let subjects, let questions, _):
                "\(entry.name) \(location.label) \(subjects) \(questions)"
            case .unreadable(let location, let error): "\(location.label) \(error)"
            case .absent: "\(entry.name) absent"
            }
        }
        #expect(
            lines == [
                "mine datasets/mine 1 2",
                "datasets/mini-mmlu mini-mmlu/test/a_test.csv:1: wanted 6 columns (question, four "
                    + "choices, answer), found 1.",
                "mmlu $BILLION_DATASETS/mmlu 1 1",
            ])
    }

    @Test(arguments: [
        (
            "mmlu",
            "dataset 'mmlu': looked for its folders dev and test in datasets/mmlu and "
                + "$BILLION_DATASETS/mmlu, found none. Run: billion datasets pull mmlu (or put the "
                + "authors' CSV folder there or set BILLION_DATASETS; datasets/README.md says how)."
        ),
        (
            "mini-mmul",
            "dataset 'mini-mmul': looked for its folders dev and test in datasets/mini-mmul and "
                + "$BILLION_DATASETS/mini-mmul, found none. Did you mean 'mini-mmlu'?"
        ),
        (
            "../datasets/mini-mmlu",
            "dataset '../datasets/mini-mmlu': looked for its folders dev and test in "
                + "datasets/../datasets/mini-mmlu and $BILLION_DATASETS/../datasets/mini-mmlu, "
                + "found none."
        ),
    ])
    func locatorSaysWhereItLooked(name: String, start: String) throws {
        let empty = try TemporaryFolder()
        let locator = DatasetLocator(
            projectRoot: SharedData.packageRoot, environmentFolder: empty.path)
        // The real MMLU may lie in the checkout's own folder.
        guard (try? locator.locate("mmlu")) == nil || name != "mmlu" else { return }
        let error = #expect(throws: DatasetError.self) { try locator.locate(name) }
        #expect(error?.description.hasPrefix(start) == true, "\(String(describing: error))")
    }

    @Test func locatorWithoutMMLUSaysAbsent() throws {
        let empty = try TemporaryFolder()
        let entries = DatasetLocator(projectRoot: empty.path, environmentFolder: nil).list()
        #expect(entries.map(\.name) == ["mini-mmlu", "mmlu"])
        for entry in entries {
            guard case .absent = entry.state else {
                Issue.record("\(entry.name) was found in an empty folder")
                continue
            }
        }
    }
}
