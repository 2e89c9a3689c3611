#if os(Linux)
    import CSandbox
    import Glibc

    extension Sandbox {
        /// Makes the command an isolated one and names the layers that it then has.
        static func isolate(_ command: inout SandboxCommand, _ python: PythonInstallation)
            throws(SandboxError) -> [String]
        {
            guard csb_can_isolate() else {
                throw .refused(
                    "sandbox: there is no system call filter for this processor; the sandbox "
                        + "knows x86-64 and aarch64.")
            }
            command.view = SandboxView(python).entries
            command.isIsolated = true
            let process: SandboxedProcess
            do throws(StartFailure) {
                process = try tryOut(&command)
            } catch {
                guard error.isRefusal else {
                    throw .broken("sandbox: \(python.executable): cannot \(error).")
                }
                throw .refused("sandbox: this system refuses to \(error).")
            }
            let user = process.isForeignUser ? "runs as nobody" : "no rights of another user"
            var layers = [
                "namespaces: user, mount, process, network, IPC, host name, control group",
                "file view: \(command.view.count) entries, read-only; work folder of "
                    + "\(command.limits.workBytes >> 20) MiB in memory",
                "privileges: none (\(user), no capabilities, no_new_privs)",
            ]
            if process.landlock > 0 { layers.append("Landlock: version \(process.landlock)") }
            let limits = command.limits
            return layers + [
                "system calls: list of the allowed ones (seccomp)",
                "limits: \(limits.memoryBytes >> 20) MiB of memory, \(limits.fileBytes >> 20) MiB "
                    + "a file, \(limits.threads) threads, \(limits.openFiles) open files, "
                    + "processor time",
                "own session, empty environment, killed as a whole",
            ]
        }

        private static func tryOut(_ command: inout SandboxCommand) throws(StartFailure)
            -> SandboxedProcess
        {
            var trial = command
            trial.arguments += ["-c", "pass"]
            let null = try? Descriptor.null()
            defer { withExtendedLifetime(null) {} }
            let descriptors = (0...2).compactMap { _ in null?.number }
            do throws(StartFailure) {
                return try SandboxedProcess(trial, descriptors: descriptors)
            } catch {
                // Root's Python may be one that nobody else can read.
                guard error.code == EACCES, geteuid() == 0, !command.keepsUser else { throw error }
                command.keepsUser = true
                return try tryOut(&command)
            }
        }
    }
#endif
