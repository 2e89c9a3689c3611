import Basics
import Experiments

/// What the runner tells a job's process, as a line of JSON on its stdin; a line for each event of
/// an earlier attempt follows.
///
/// The pipe then stays open for as long as the runner lives.
package struct ChildAssignment: Hashable, Sendable, Codable {
    package var version: Int
    package var job: Job
    /// What the job needs, found on this machine: `model` to a path, for example.
    ///
    /// Never stored.
    package var resources: [String: String]
    /// How many lines of finished work follow.
    package var completedEvents = 0

    package init(job: Job, resources: [String: String]) {
        version = ChildMessage.protocolVersion
        self.job = job
        self.resources = resources
    }

    /// All that the runner sends.
    func lines(resuming completed: CompletedWork) throws -> [UInt8] {
        let events = completed.events
        var first = self
        first.completedEvents = events.count
        var bytes = Array(try JSON.data(first)) + [UInt8(ascii: "\n")]
        for event in events { bytes += Array(try JSON.data(event)) + [UInt8(ascii: "\n")] }
        return bytes
    }
}

/// What a job's process tells the runner, one line of JSON each on its stdout.
///
///     {"event":{"progress":{...}},"version":1}
///     {"outcome":"failed","reason":"...","version":1}
///
/// The last line is an outcome; a process that ends without one has failed.
package enum ChildMessage: Hashable, Sendable {
    case event(JobEvent)
    case finished
    case failed(reason: String)
    case skipped(reason: String)
    /// A signal asked it to stop, and it did so behind a whole unit of work.
    case interrupted

    /// Counted up when lines change meaning: the program may be replaced while it runs.
    package static let protocolVersion = 2
}

extension ChildMessage: Codable {
    private enum CodingKeys: String, CodingKey {
        case version, event, outcome, reason
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let version = try container.decode(Int.self, forKey: .version)
        guard version == Self.protocolVersion else { throw ChildProtocolError.version(version) }
        if let event = try container.decodeIfPresent(JobEvent.self, forKey: .event) {
            self = .event(event)
            return
        }
        switch try container.decode(String.self, forKey: .outcome) {
        case "finished": self = .finished
        case "failed": self = .failed(reason: try container.decode(String.self, forKey: .reason))
        case "interrupted": self = .interrupted
        case "skipped": self = .skipped(reason: try container.decode(String.self, forKey: .reason))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .outcome, in: container, debugDescription: "unknown outcome")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Self.protocolVersion, forKey: .version)
        switch self {
        case .event(let event):
            try container.encode(event, forKey: .event)
        case .finished:
            try container.encode("finished", forKey: .outcome)
        case .interrupted:
            try container.encode("interrupted", forKey: .outcome)
        case .failed(let reason):
            try container.encode("failed", forKey: .outcome)
            try container.encode(reason, forKey: .reason)
        case .skipped(let reason):
            try container.encode("skipped", forKey: .outcome)
            try container.encode(reason, forKey: .reason)
        }
    }
}

/// A line on the pipe between runner and job that one side does not understand.
enum ChildProtocolError: Error, Hashable, CustomStringConvertible {
    case version(Int)
    case notAMessage(line: String)
    case lineTooLong(limit: Int)

    var description: String {
        switch self {
        case .version(let found):
            "the job's process speaks version \(found) of the protocol, the runner speaks "
                + "\(ChildMessage.protocolVersion): was the program replaced while it ran?"
        case .notAMessage(let line):
            "the job's process wrote a line that is not a message: '\(line)'"
        case .lineTooLong(let limit):
            "the job's process wrote a line of more than \(limit) bytes"
        }
    }
}

extension ChildMessage {
    /// The message that a line holds.
    static func parse(_ line: [UInt8]) throws(ChildProtocolError) -> ChildMessage {
        let text = String(decoding: line, as: UTF8.self)
        do {
            return try JSON.decode(ChildMessage.self, from: text)
        } catch let error as ChildProtocolError {
            throw error
        } catch {
            throw .notAMessage(line: ReasonText.oneLine(text.prefix(400), limit: 120))
        }
    }

    /// The message as a line, its end included.
    ///
    /// Throws for numbers that JSON cannot write.
    func line() throws -> [UInt8] {
        var bytes = Array(try JSON.data(self))
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }
}
