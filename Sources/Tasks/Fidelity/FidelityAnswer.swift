import Basics
import Experiments

/// One question's outcome on both sides.
struct FidelityAnswer {
    var subject: String
    var answer: String
    var reference: String
    var prediction: String
    /// Of this one place.
    var tally: FidelityTally

    var values: [String: JSONValue] {
        [
            "subject": .string(subject), "answer": .string(answer),
            "reference": .string(reference), "prediction": .string(prediction),
            "kl_divergence": .number(tally.divergence.sum),
            "same_top": .bool(tally.sameTop == 1),
            "loss": .number(tally.loss.sum),
            "reference_loss": .number(tally.referenceLoss.sum),
        ]
    }

    init(
        subject: String, answer: String, reference: String, prediction: String,
        tally: FidelityTally
    ) {
        self.subject = subject
        self.answer = answer
        self.reference = reference
        self.prediction = prediction
        self.tally = tally
    }

    /// What a record has kept; nil when it is not one of these.
    init?(_ values: [String: JSONValue]) {
        func number(_ key: String) -> Double? {
            switch values[key] {
            case .number(let value)?: value
            // JSON writes 0.0 as 0.
            case .integer(let value)?: Double(value)
            default: nil
            }
        }
        guard case .string(let subject)? = values["subject"],
            case .string(let answer)? = values["answer"],
            case .string(let reference)? = values["reference"],
            case .string(let prediction)? = values["prediction"],
            case .bool(let isSameTop)? = values["same_top"],
            let divergence = number("kl_divergence"), let loss = number("loss"),
            let referenceLoss = number("reference_loss")
        else { return nil }
        var tally = FidelityTally()
        tally.add(
            divergence: divergence, isSameTop: isSameTop, referenceLoss: referenceLoss, loss: loss)
        self.init(
            subject: subject, answer: answer, reference: reference, prediction: prediction,
            tally: tally)
    }
}

extension TaskContext {
    /// Tallies that an earlier attempt has finished, by index.
    func completedTallies(of kind: String) throws -> [Int: FidelityTally] {
        var tallies: [Int: FidelityTally] = [:]
        for record in completed.records[kind] ?? [] {
            tallies[record.index] = try FidelityTally(recordValues: record.values)
        }
        return tallies
    }
}
