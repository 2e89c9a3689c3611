#if os(Linux)
    /// The command that brings a missing program.
    enum InstallCommand {
        static func text(for program: String) -> String {
            let packages =
                switch program {
                case "python3": "python3 python3-pip"
                case "pip": "python3-pip"
                case "curl": "curl ca-certificates"
                default: program
                }
            return "sudo apt-get install \(packages)"
        }
    }
#endif
