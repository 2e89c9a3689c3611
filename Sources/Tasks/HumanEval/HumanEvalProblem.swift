import Basics
import Sandbox

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One problem in the layout of OpenAI's HumanEval.
package struct HumanEvalProblem: Hashable, Sendable, Decodable {
    /// As in `HumanEval/0`.
    package let identifier: String
    /// The beginning of a program, up to the docstring of the function that is asked for.
    package let prompt: String
    /// The function's name.
    package let entryPoint: String
    package let canonicalSolution: String
    /// Python text that defines `check(candidate)`.
    package let test: String

    private enum CodingKeys: String, CodingKey {
        case prompt, test
        case identifier = "task_id"
        case entryPoint = "entry_point"
        case canonicalSolution = "canonical_solution"
    }

    /// What is run for a completion of the plain prompt.
    package func program(completion: String) -> CheckedProgram {
        CheckedProgram(
            prompt: prompt, completion: completion, test: test, entryPoint: entryPoint)
    }

    /// SHA-256 of a file's text, which is the same when it is packed.
    package static func digest(of path: String) throws(DatasetError) -> String {
        do {
            var digest = SHA256()
            digest.update(try JSONLines.content(path))
            return digest.hexDigest()
        } catch let error as DatasetError {
            throw error
        } catch {
            throw DatasetError(FileSystem.name(of: path), "cannot be read: \(error).")
        }
    }

    /// Reads a file of one JSON object a line; `.gz` is unpacked by `gzip`.
    ///
    /// - Throws: `DatasetError` with the line of the first mistake.
    package static func load(path: String) throws -> [HumanEvalProblem] {
        let name = FileSystem.name(of: path)
        var problems: [HumanEvalProblem] = []
        var lines: [String: Int] = [:]
        for line in try JSONLines.read(path) {
            let problem: HumanEvalProblem = try line.decode(
                wanted: "a problem with the texts task_id, prompt, entry_point, "
                    + "canonical_solution and test")
            guard isName(problem.entryPoint) else {
                throw DatasetError(
                    name, line: line.number,
                    "entry_point: wanted the name of a function, found '\(problem.entryPoint)'.")
            }
            if let first = lines.updateValue(line.number, forKey: problem.identifier) {
                throw DatasetError(
                    name, line: line.number,
                    "task_id '\(problem.identifier)' is that of line \(first) too.")
            }
            problems.append(problem)
        }
        guard !problems.isEmpty else { throw DatasetError(name, "holds no problem.") }
        return problems
    }

    /// The name becomes program text, in the call that sets off the tests.
    private static func isName(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, first == "_" || first.properties.isAlphabetic
        else { return false }
        return text.unicodeScalars.allSatisfy {
            $0 == "_" || $0.properties.isAlphabetic || ("0"..."9").contains($0)
        }
    }
}

/// A file of JSON objects, one a line; blank lines count but mean nothing.
package enum JSONLines {
    package struct Line: Sendable {
        /// The file's name, for messages.
        package let file: String
        /// From 1.
        package let number: Int
        package let text: String

        package func decode<Value: Decodable>(wanted: String) throws -> Value {
            do {
                return try JSON.decode(Value.self, from: text)
            } catch DecodingError.keyNotFound(let key, _) {
                throw DatasetError(
                    file, line: number, "wanted \(wanted); '\(key.stringValue)' is missing.")
            } catch DecodingError.typeMismatch(_, let context),
                DecodingError.valueNotFound(_, let context)
            {
                let key = context.codingPath.last.map { "'\($0.stringValue)' is of another type" }
                throw DatasetError(
                    file, line: number, "wanted \(wanted); \(key ?? "found another type").")
            } catch {
                throw DatasetError(
                    file, line: number, "wanted \(wanted), found no JSON: \(text.prefix(60))")
            }
        }
    }

    package static func read(_ path: String) throws -> [Line] {
        let file = FileSystem.name(of: path)
        let bytes = try content(path)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DatasetError(file, "is not UTF-8 text.")
        }
        return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .filter { !$0.element.allSatisfy(\.isWhitespace) }
            .map { Line(file: file, number: $0.offset + 1, text: String($0.element)) }
    }

    fileprivate static func content(_ path: String) throws -> [UInt8] {
        guard path.hasSuffix(".gz") else { return try FileSystem.read(path) }
        _ = try FileSystem.size(of: path)
        let outcome = try Subprocess("gzip", ["-dc", "--", path], timeLimit: .seconds(60)).run()
        guard outcome.succeeded else {
            throw DatasetError(
                FileSystem.name(of: path), "gzip cannot unpack it: \(outcome.ending).")
        }
        return outcome.output
    }
}
