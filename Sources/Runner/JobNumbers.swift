/// Numbers of jobs in few words: `job 4`, `jobs 1-3, 7`.
package enum JobNumbers {
    /// - Parameter numbers: of one job at least.
    package static func text(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers.sorted() {
            if let last = ranges.last, number <= last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...max(number, last.upperBound)
            } else {
                ranges.append(number...number)
            }
        }
        let parts = ranges.flatMap { range in
            // Two neighbours are no range.
            range.count > 2
                ? ["\(range.lowerBound)-\(range.upperBound)"] : range.map(String.init)
        }
        return (numbers.count == 1 ? "job " : "jobs ") + parts.joined(separator: ", ")
    }
}
