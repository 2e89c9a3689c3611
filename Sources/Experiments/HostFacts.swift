/// What is known of the machine and the build behind a run.
///
/// No user, host or path names.
package struct HostFacts: Hashable, Sendable, Codable {
    /// `AMD EPYC 7B13`, `Apple M2`.
    package var processor: String
    /// Cores that this process may use (affinity and cgroup limits counted in).
    package var cores: Int
    package var memoryBytes: Int64
    /// `x86_64`, `aarch64`.
    package var architecture: String
    /// `Debian GNU/Linux 12, Linux 6.1`.
    package var operatingSystem: String
    /// Name to version: `sqlite`, `libyaml`, `blas`, `swift`.
    package var libraries: [String: String]

    package init(
        processor: String, cores: Int, memoryBytes: Int64, architecture: String,
        operatingSystem: String, libraries: [String: String]
    ) {
        self.processor = processor
        self.cores = cores
        self.memoryBytes = memoryBytes
        self.architecture = architecture
        self.operatingSystem = operatingSystem
        self.libraries = libraries
    }
}

/// One call of `billion run`, as the store keeps it.
package struct RunFacts: Hashable, Sendable, Codable {
    /// Random id made when this program was first used here; tells installations apart.
    package var installation: String
    package var experiment: String
    /// SHA-256 of the manifest's text.
    package var manifestDigest: String
    package var host: HostFacts
    /// `release` or `debug`.
    package var buildConfiguration: String
    /// Commit that the binary was built from, with `+` when files had changed; nil outside git.
    package var commit: String?
    package var version: String

    package init(
        installation: String, experiment: String, manifestDigest: String, host: HostFacts,
        buildConfiguration: String, commit: String?, version: String
    ) {
        self.installation = installation
        self.experiment = experiment
        self.manifestDigest = manifestDigest
        self.host = host
        self.buildConfiguration = buildConfiguration
        self.commit = commit
        self.version = version
    }
}
