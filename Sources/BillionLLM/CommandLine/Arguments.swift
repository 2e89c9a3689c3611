import Basics

/// A command's arguments, checked against its specification.
struct Arguments {
    let operands: [String]
    private let specification: CommandSpecification
    private var values: [String: [String]] = [:]

    /// Options are `--name value`, `--name=value` or switches; `--` ends them.
    init(_ words: [String], for specification: CommandSpecification) throws {
        self.specification = specification
        var operands: [String] = []
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                operands += rest
                break
            }
            guard word.hasPrefix("--") else {
                if word.count > 1, word.hasPrefix("-"), Double(word) == nil {
                    throw UsageError(
                        "unknown option '\(word)'; options are written with two dashes.")
                }
                operands.append(word)
                continue
            }
            let parts = word.dropFirst(2).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let option = specification.options.first(where: { $0.name == name }) else {
                throw UsageError(
                    "unknown option '--\(name)'."
                        + Suggestion.sentence(
                            for: "--" + name,
                            among: specification.options.map { "--" + $0.name }))
            }
            if values[name] != nil, !option.repeats {
                throw UsageError("option '--\(name)' was given twice.")
            }
            guard let valueName = option.value else {
                guard parts.count == 1 else {
                    throw UsageError("option '--\(name)' takes no value.")
                }
                values[name] = [""]
                continue
            }
            guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
                throw UsageError("option '--\(name)' needs a value: --\(name) \(valueName).")
            }
            values[name, default: []].append(value)
        }
        self.operands = operands
        try checkOperands()
    }

    private func checkOperands() throws {
        let allowed = specification.operandCount
        if operands.count < allowed.lowerBound {
            throw UsageError("\(specification.operands) is missing.")
        }
        if operands.count > allowed.upperBound {
            throw UsageError("unexpected argument '\(operands[allowed.upperBound])'.")
        }
    }

    func has(_ name: String) -> Bool { values[name] != nil }

    func string(_ name: String) -> String? { values[name]?.last }

    func strings(_ name: String) -> [String] { values[name] ?? [] }

    func required(_ name: String) throws -> String {
        guard let value = string(name) else {
            let shown = specification.options.first { $0.name == name }?.value ?? "VALUE"
            throw UsageError("--\(name) \(shown) is missing.")
        }
        return value
    }

    func integer(_ name: String, in range: ClosedRange<Int>, default value: Int) throws -> Int {
        try integer(name, in: range) ?? value
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = string(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw UsageError(
                "--\(name) is '\(text)'; wanted a whole number from \(range.lowerBound) to "
                    + "\(range.upperBound).")
        }
        return number
    }

    func number(_ name: String, in range: ClosedRange<Double>, default value: Double) throws
        -> Double
    {
        guard let text = string(name) else { return value }
        guard let number = Double(text), range.contains(number) else {
            throw UsageError(
                "--\(name) is '\(text)'; wanted a number from \(range.lowerBound) to "
                    + "\(range.upperBound).")
        }
        return number
    }

    func choice(_ name: String, of words: [String], default value: String) throws -> String {
        guard let text = string(name) else { return value }
        guard words.contains(text) else {
            throw UsageError(
                "--\(name) is '\(text)'.\(Suggestion.sentence(for: text, among: words))")
        }
        return text
    }
}
