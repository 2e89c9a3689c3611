import Experiments

extension HostFacts {
    /// What can be said of this machine without saying whose it is.
    ///
    /// - Parameter libraries: name to version, known to whoever links them.
    package static func current(libraries: [String: String]) -> HostFacts {
        HostFacts(
            processor: Fingerprint.processor(), cores: Fingerprint.cores(),
            memoryBytes: Fingerprint.memoryBytes(), architecture: Fingerprint.architecture,
            operatingSystem: Fingerprint.operatingSystem(), libraries: libraries)
    }

    /// Memory that a new process could take now; nil when the system does not say.
    package static func availableMemoryBytes() -> Int64? { Fingerprint.availableMemoryBytes() }
}

/// Where the facts of the host come from; the rest is in one file per platform.
enum Fingerprint {
    #if arch(x86_64)
        static let architecture = "x86_64"
    #elseif arch(arm64)
        static let architecture = "aarch64"
    #else
        static let architecture = "unknown"
    #endif

    /// `6.1` of `6.1.0-13-amd64`: the rest changes with every update and names vendors' builds.
    static func majorMinor(_ release: String) -> String {
        let numbers = release.prefix { $0 == "." || ($0.isASCII && $0.isNumber) }
        return numbers.split(separator: ".").prefix(2).joined(separator: ".")
    }

    /// Words separated by one space each.
    static func tidy(_ text: some StringProtocol) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
