import Experiments

/// In which order the jobs of a plan are run; their numbers stay those of the plan.
package struct JobOrder: Hashable, Sendable {
    package enum Strategy: String, Hashable, Sendable, CaseIterable {
        /// Jobs of the same weights one after the other, so that a file is read and converted
        /// once and then found in the page cache; otherwise as in the plan.
        case grouped
        /// As in the plan.
        case plan
        /// Groups of the same weights by the time that they will take, the shortest first: most
        /// results early.
        case cheapest
        /// The longest first: what is least likely to fit in the night is not left for its end.
        case longest
    }

    package var strategy: Strategy
    /// Models, quantizations, tasks or hardware whose jobs go before all others, in this order.
    package var first: [String]
    /// What is known of how long jobs will take.
    package var predictedSeconds: [JobID: Double]

    package init(
        strategy: Strategy = .grouped, first: [String] = [],
        predictedSeconds: [JobID: Double] = [:]
    ) {
        self.strategy = strategy
        self.first = first
        self.predictedSeconds = predictedSeconds
    }

    /// The places of the plan's lines, in the order in which they run.
    ///
    /// Stable: what is equal keeps the plan's order. A job without a prediction counts as an
    /// average one.
    package func arranged(_ plan: [PlannedJob]) -> [Int] {
        let known = plan.compactMap(seconds)
        let average = known.isEmpty ? 0 : known.reduce(0, +) / Double(known.count)
        var groupNumbers: [Weights: Int] = [:]
        var groupSeconds: [Double] = []
        let groups = plan.map { line in
            let weights = Weights(line)
            let number = groupNumbers[weights] ?? groupSeconds.count
            if number == groupSeconds.count {
                groupNumbers[weights] = number
                groupSeconds.append(0)
            }
            if line.state == .ready { groupSeconds[number] += seconds(line) ?? average }
            return number
        }
        let keys = plan.indices.map { index -> Key in
            let own = seconds(plan[index]) ?? average
            let group = groups[index]
            let rank = first.firstIndex { plan[index].cell.names.contains($0) } ?? first.count
            return switch strategy {
            case .plan: Key(rank, 0, 0, 0, index)
            case .grouped: Key(rank, 0, group, 0, index)
            case .cheapest: Key(rank, groupSeconds[group], group, own, index)
            case .longest: Key(rank, -groupSeconds[group], group, -own, index)
            }
        }
        return plan.indices.sorted { keys[$0].isBefore(keys[$1]) }
    }

    private func seconds(_ line: PlannedJob) -> Double? {
        line.job.flatMap { predictedSeconds[$0.id] }
    }

    /// Jobs with equal weights read the same file.
    private struct Weights: Hashable {
        let model: String
        let quantization: String

        init(_ line: PlannedJob) {
            model = line.job?.modelDigest ?? line.cell.model
            quantization = line.cell.quantization
        }
    }

    private struct Key {
        let rank: Int
        let groupSeconds: Double
        let group: Int
        let seconds: Double
        let place: Int

        init(_ rank: Int, _ groupSeconds: Double, _ group: Int, _ seconds: Double, _ place: Int) {
            self.rank = rank
            self.groupSeconds = groupSeconds
            self.group = group
            self.seconds = seconds
            self.place = place
        }

        func isBefore(_ other: Key) -> Bool {
            if rank != other.rank { return rank < other.rank }
            if groupSeconds != other.groupSeconds { return groupSeconds < other.groupSeconds }
            if group != other.group { return group < other.group }
            if seconds != other.seconds { return seconds < other.seconds }
            return place < other.place
        }
    }
}
