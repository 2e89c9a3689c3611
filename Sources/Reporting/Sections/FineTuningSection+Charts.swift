import Experiments
import Store

/// The loss by update, as it was trained.
extension FineTuningSection {
    func charts(_ data: ReportData) -> [ReportChart] {
        data.hosts.flatMap { results in
            results.setups.flatMap { setup in newest(setup.attempts).map { (setup, $0) } }
        }.enumerated().compactMap { number, job in lossChart(number + 1, job.0, job.1) }
    }

    private func lossChart(
        _ number: Int, _ setup: ReportData.Setup, _ attempt: StoredAttempt
    ) -> ReportChart? {
        let points = (attempt.records["training_step"] ?? []).compactMap { step in
            loss(of: step).map { LineChart.Point(x: Double(step.index + 1), y: $0) }
        }
        guard points.count > 1 else { return nil }
        return ReportChart(
            "loss-\(number)",
            LineChart(
                title: "Loss of \(setup.model) \(setup.quantization), \(attempt.task)",
                summary: "Training loss of each update, from the first to the last.",
                x: ChartAxis("update"), y: ChartAxis("loss"),
                lines: [.init("training", points)], hasMarks: false))
    }

    private func loss(of step: JobRecord) -> Double? {
        switch step.values["loss"] {
        case .integer(let value)?: Double(value)
        case .number(let value)?: value
        default: nil
        }
    }
}
