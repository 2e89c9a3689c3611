import Basics

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Files under `Tests/Fixtures`; each names the command that made it.
package enum Fixtures {
    package static func path(_ name: String) -> String {
        SharedData.packageRoot + "/Tests/Fixtures/" + name
    }

    package static func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path(name))), as: UTF8.self)
    }

    package static func json<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        try JSON.decode(type, from: text(name))
    }
}
