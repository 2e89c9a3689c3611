/// An http or https address, apart where it matters: who is asked, and for what.
struct HubAddress: Hashable, Sendable, CustomStringConvertible {
    /// `https` or `http`.
    let scheme: String
    /// Host and port as written, lower case.
    let authority: String
    /// From the first slash on, query included.
    let path: String

    var description: String { "\(scheme)://\(authority)\(path)" }

    /// Equal origins are one party: what is told to one is told to the other.
    var origin: String { "\(scheme)://\(authority)" }

    /// nil for anything but an http address without user and password.
    init?(_ text: String) {
        guard text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7f }) else {
            return nil
        }
        // The scheme ends where "://" begins; Foundation's search is not in FoundationEssentials.
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            return nil
        }
        let scheme = text[..<colon].lowercased()
        let rest = text[colon...].dropFirst(3)
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let authority = rest[..<end].lowercased()
        guard scheme == "https" || scheme == "http", !authority.isEmpty, !authority.contains("@"),
            !authority.contains("\\")
        else { return nil }
        self.scheme = scheme
        self.authority = authority
        let path = rest[end...].prefix { $0 != "#" }
        self.path = path.hasPrefix("/") ? String(path) : "/" + path
    }

    private init(scheme: String, authority: String, path: String) {
        self.scheme = scheme
        self.authority = authority
        self.path = path
    }

    /// With another path below this one.
    func appending(_ more: String) -> HubAddress {
        var base = path
        while base.hasSuffix("/") { base.removeLast() }
        return HubAddress(scheme: scheme, authority: authority, path: "\(base)/\(more)")
    }

    /// Where an answer's `Location` leads; nil when that is no address.
    func following(_ location: String) -> HubAddress? {
        if location.hasPrefix("//") { return HubAddress("\(scheme):\(location)") }
        if location.hasPrefix("/") { return HubAddress("\(origin)\(location)") }
        let beforeQuery = location.prefix { $0 != "?" && $0 != "/" }
        if beforeQuery.contains(":") { return HubAddress(location) }
        let folder = path.prefix { $0 != "?" }
        let kept = folder.lastIndex(of: "/").map { folder[...$0] } ?? "/"
        return HubAddress("\(origin)\(kept)\(location)")
    }

    /// Percent-encodes everything but unreserved characters and `kept`.
    static func escaped(_ text: String, keeping kept: String = "") -> String {
        var result = ""
        for byte in text.utf8 {
            let character = Character(Unicode.Scalar(byte))
            if character.isASCIIAlphanumeric || "-._~".contains(character)
                || kept.contains(character)
            {
                result.append(character)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }
}
