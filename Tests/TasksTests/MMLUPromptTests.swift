import Basics
import TestSupport
import Testing

@testable import Tasks

@Suite("MMLU prompts") struct MMLUPromptTests {
    @Test func promptsOfMiniMMLUAreTheHarness() throws {
        try comparePrompts(in: MMLUFixtures.miniMMLU, with: "prompts-mini-mmlu.json", subjects: 10)
    }

    @Test(.enabled(if: MMLUFixtures.realMMLU != nil, "needs ../shared/data/mmlu"))
    func promptsOfRealMMLUAreTheHarness() throws {
        try comparePrompts(
            in: try #require(MMLUFixtures.realMMLU), with: "prompts-mmlu.json", subjects: 57)
    }

    private func comparePrompts(in folder: String, with file: String, subjects: Int) throws {
        let dataset = try MMLUDataset.load(folder: folder)
        let recorded = try MMLUFixtures.read(MMLUFixtures.Prompts.self, file)
        #expect(dataset.subjects.map(\.name) == recorded.subjects.map(\.subject))
        #expect(recorded.subjects.count == subjects)
        for (subject, expected) in zip(dataset.subjects, recorded.subjects) {
            #expect(subject.questions.count == expected.questions)
            if let text = expected.first_one_shot_prompt {
                let prompt = try MMLUPrompt(subject: subject, shots: 1)
                #expect(prompt.prefix + prompt.question(subject.questions[0]) == text)
            }
            #expect(expected.sha256.count == 3)
            for (shots, digest) in expected.sha256 {
                let prompt = try MMLUPrompt(subject: subject, shots: try #require(Int(shots)))
                let texts = subject.questions.map { prompt.prefix + prompt.question($0) }
                #expect(
                    SHA256.hex(texts.joined(separator: recorded.separator)) == digest,
                    "\(subject.name), \(shots) shots")
            }
        }
    }

    @Test func stripsTheQuestionAndNothingElse() throws {
        let question = MMLUDataset.Question(
            text: " \u{85}\r\nWhich? \n", choices: [" a", "b ", "", "\td"], answer: 1)
        let subject = MMLUDataset.Subject(
            name: "us_foreign_policy", examples: [question], questions: [])
        let prompt = try MMLUPrompt(subject: subject, shots: 1)
        let block = "Which?\nA.  a\nB. b \nC. \nD. \td\nAnswer:"
        #expect(prompt.question(question) == block)
        #expect(
            prompt.prefix
                == "The following are multiple choice questions (with answers) about us foreign "
                + "policy.\n\n\(block) B\n\n")
        #expect(MMLUPrompt.continuations == [" A", " B", " C", " D"])
    }

    @Test(arguments: [-1, 6])
    func refusesShotsThatAreNotThere(shots: Int) throws {
        let example = MMLUDataset.Question(text: "?", choices: ["", "", "", ""], answer: 0)
        let subject = MMLUDataset.Subject(
            name: "x", examples: Array(repeating: example, count: 5), questions: [])
        let error = #expect(throws: DatasetError.self) {
            try MMLUPrompt(subject: subject, shots: shots)
        }
        #expect(
            error?.description
                == "dev/x_dev.csv: wanted \(shots) few-shot examples, found 5. Set num_fewshot to "
                + "a number from 0 to 5.")
    }

    @Test(arguments: [
        (JSONValue.null, 22, 22), (.integer(10), 22, 10), (.integer(100), 22, 22),
        (.number(3.0), 22, 3), (.number(0.1), 22, 3), (.number(0.5), 22, 11),
        (.number(0.001), 22, 1), (.number(0.29), 100, 29),
    ])
    func limits(setting: JSONValue, total: Int, expected: Int) throws {
        #expect(try SampleLimit(setting: setting).count(of: total) == expected)
    }

    @Test(arguments: [
        (JSONValue.integer(0), "0"), (.integer(-3), "-3"), (.number(1.5), "1.5"),
        (.number(-0.5), "-0.5"), (.string("ten"), "ten"), (.bool(true), "true"),
    ])
    func refusesLimits(setting: JSONValue, found: String) {
        let error = #expect(throws: DatasetError.self) { try SampleLimit(setting: setting) }
        #expect(
            error?.description
                == "limit: wanted a whole number of questions a subject, or a share between 0 and "
                + "1, found \(found).")
    }
}
