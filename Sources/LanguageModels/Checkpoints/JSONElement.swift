/// One value of a document; what it is asked for and is not throws with the file and its path.
package struct JSONElement: Sendable {
    package enum Kind: UInt8, Sendable { case null, bool, number, string, array, object }

    let document: JSONDocument
    let index: Int

    private var node: JSONDocument.Node { document.nodes[index] }

    package var kind: Kind { node.kind }

    /// Where the value stands: `model.merges[17]`.
    package var path: String { document.path(of: index) }

    package func error(_ problem: String) -> CheckpointError {
        CheckpointError(file: document.file, path.isEmpty ? problem : "\(path): \(problem)")
    }

    /// The error `wanted a string, found 17.` at this place.
    package func error(wanted: String) -> CheckpointError {
        error("wanted \(wanted), found \(summary).")
    }

    /// The value in a few words, for messages.
    package var summary: String {
        switch kind {
        case .array: "a list"
        case .object: "an object"
        case .string: quoted(document.text(of: index))
        case .null, .bool, .number: raw.count > 40 ? "\(raw.prefix(40))..." : raw
        }
    }

    private var raw: String {
        String(decoding: document.bytes[Int(node.start)..<Int(node.end)], as: UTF8.self)
    }

    package func string() throws(CheckpointError) -> String {
        guard kind == .string else { throw error(wanted: "a string") }
        return document.text(of: index)
    }

    package func appendString(to bytes: inout [UInt8]) throws(CheckpointError) {
        guard kind == .string else { throw error(wanted: "a string") }
        document.appendString(index, to: &bytes)
    }

    package func bool() throws(CheckpointError) -> Bool {
        guard kind == .bool else { throw error(wanted: "true or false") }
        return document.bytes[Int(node.start)] == UInt8(ascii: "t")
    }

    package func integer() throws(CheckpointError) -> Int {
        guard kind == .number, let value = Int(raw) else { throw error(wanted: "an integer") }
        return value
    }

    package func number() throws(CheckpointError) -> Double {
        guard kind == .number, let value = Double(raw), value.isFinite else {
            throw error(wanted: "a number")
        }
        return value
    }

    /// Values of a list.
    package func elements() throws(CheckpointError) -> [JSONElement] {
        guard kind == .array else { throw error(wanted: "a list") }
        var elements: [JSONElement] = []
        var child = index + 1
        while child < Int(node.next) {
            elements.append(JSONElement(document: document, index: child))
            child = Int(document.nodes[child].next)
        }
        return elements
    }

    /// Keys and values of an object, in the file's order.
    package func members() throws(CheckpointError) -> [(key: JSONElement, value: JSONElement)] {
        guard kind == .object else { throw error(wanted: "an object") }
        var members: [(key: JSONElement, value: JSONElement)] = []
        var child = index + 1
        while child < Int(node.next) {
            members.append(
                (
                    JSONElement(document: document, index: child),
                    JSONElement(document: document, index: child + 1)
                ))
            child = Int(document.nodes[child + 1].next)
        }
        return members
    }

    /// The value of a key; nil when there is none or it is null.
    package func optional(_ name: String) throws(CheckpointError) -> JSONElement? {
        for (key, value) in try members() where document.text(of: key.index) == name {
            return value.kind == .null ? nil : value
        }
        return nil
    }

    /// The value of a key that must be there.
    package func member(_ name: String) throws(CheckpointError) -> JSONElement {
        guard let value = try optional(name) else { throw error("the key '\(name)' is missing.") }
        return value
    }
}
