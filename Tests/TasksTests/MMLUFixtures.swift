import Basics
import TestSupport
import Testing

@testable import Tasks

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What lm-evaluation-harness did, as `Tests/Fixtures/mmlu/make_fixtures.py` recorded it.
enum MMLUFixtures {
    struct Prompts: Decodable {
        struct Subject: Decodable {
            var subject: String
            var questions: Int
            /// Number of shots to the digest of all prompts, joined by `separator`.
            var sha256: [String: String]
            var first_one_shot_prompt: String?
        }

        var separator: String
        var subjects: [Subject]
    }

    struct Aggregation: Decodable {
        struct Group: Decodable {
            var correct: [Int]
            var sizes: [Int]
            var acc: [Double]
            var acc_stderr: [Double]
            var sample_stddev: [Double]
            var group_acc: Double
            var group_acc_stderr: Double
            var group_sample_stddev: Double
            var acc_macro: Double
        }

        struct Interval: Decodable {
            var correct: Int
            var n: Int
            var low: Double
            var high: Double
        }

        var subject_groups: [String: String]
        var groups: [Group]
        var wilson: [Interval]
    }

    static func read<Value: Decodable>(_ type: Value.Type, _ file: String) throws -> Value {
        let path = SharedData.packageRoot + "/Tests/Fixtures/mmlu/" + file
        let data = try #require(FileManager.default.contents(atPath: path))
        return try JSON.decode(type, from: String(decoding: data, as: UTF8.self))
    }

    static let miniMMLU = SharedData.packageRoot + "/datasets/mini-mmlu"
    static let realMMLU = SharedData.path("data/mmlu")
}
