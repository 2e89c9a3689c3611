#if os(macOS)
    import Basics

    extension Sandbox {
        /// Isolation by the system's own `sandbox-exec`.
        ///
        /// Written from its documentation and never run: see "What it does not promise".
        static func isolate(_ command: inout SandboxCommand, _ python: PythonInstallation)
            throws(SandboxError) -> [String]
        {
            let tool = "/usr/bin/sandbox-exec"
            guard FileSystem.isFile(tool) else {
                throw .refused("sandbox: \(tool) is not on this Mac.")
            }
            command.executable = tool
            command.arguments =
                [tool, "-p", profile(python), python.file] + command.arguments.dropFirst()
            return [
                "sandbox-exec: no network, no new processes, no writing, reading only Python and "
                    + "the system's libraries (untested)",
                "limits: file size, open files, processor time",
                "own session, empty environment, killed with its process group",
            ]
        }

        private static func profile(_ python: PythonInstallation) -> String {
            let readable = python.folders + ["/usr/lib", "/System", "/Library/Frameworks"]
            let rules = readable.map { "(subpath \"\(quoted($0))\")" }.joined(separator: " ")
            return """
                (version 1)
                (deny default)
                (allow process-exec (literal "\(quoted(python.file))"))
                (allow file-read* \(rules) (literal "/dev/null") (literal "/dev/urandom"))
                (allow file-read-metadata)
                (allow sysctl-read)
                (deny process-fork)
                (deny network*)
                """
        }

        private static func quoted(_ path: String) -> String {
            path.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        }
    }
#endif
