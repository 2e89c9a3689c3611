import Testing

@testable import Runner

@Suite struct JobNumbersTests {
    @Test(arguments: [
        ([4], "job 4"), ([1, 2], "jobs 1, 2"), ([1, 2, 3], "jobs 1-3"),
        ([7, 3, 1, 2], "jobs 1-3, 7"), ([1, 3, 4, 6, 7, 8, 9], "jobs 1, 3, 4, 6-9"),
    ])
    func fewWordsForManyJobs(numbers: [Int], text: String) {
        #expect(JobNumbers.text(numbers) == text)
    }
}
