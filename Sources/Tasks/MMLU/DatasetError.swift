/// What is wrong with a dataset, with the place where it was found.
package struct DatasetError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What the sentence is about: the dataset's name with the path inside it, mostly.
    ///
    /// `mmlu/test/anatomy_test.csv`, never a path of the machine: the text may reach the store.
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
