/// What is wrong with a dataset, with the place where it was found.
package struct DatasetError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The dataset's name and the path inside it (`mmlu/test/anatomy_test.csv`), or whatever else
    /// the sentence is about. Never a path of the machine, for the sentence may reach the store.
    package var place: String
    /// From 1; nil where the whole place is meant.
    package var line: Int?
    package var sentence: String

    package init(_ place: String, line: Int? = nil, _ sentence: String) {
        self.place = place
        self.line = line
        self.sentence = sentence
    }

    package var description: String {
        place + (line.map { ":\($0)" } ?? "") + ": " + sentence
    }
}
