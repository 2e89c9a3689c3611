#if canImport(Darwin)
    /// The command that brings a missing program.
    enum InstallCommand {
        static func text(for program: String) -> String {
            // brew's python3 brings pip along.
            "brew install \(program == "pip" ? "python3" : program)"
        }
    }
#endif
