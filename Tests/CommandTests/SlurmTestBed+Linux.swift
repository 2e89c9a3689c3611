#if os(Linux)
    import Basics
    import Glibc
    import TestSupport

    /// A Slurm on this machine for as long as this object lives: one node, one partition, its
    /// files in a folder of its own.
    final class SlurmTestBed {
        /// Why there can be none; nil when there can.
        static let obstacle: String? = {
            for program in ["slurmctld", "slurmd", "sbatch", "munged", "munge"] {
                if find(program) == nil {
                    return "needs \(program) (packages slurmctld, slurmd, slurm-client and munge)"
                }
            }
            if getuid() != 0 { return "needs root, for slurmd runs jobs as their users" }
            do {
                _ = try SlurmTestBed()
                return nil
            } catch {
                return "Slurm does not start here: \(error)"
            }
        }()

        let folder: TemporaryFolder
        private var controller: pid_t = 0
        private var node: pid_t = 0
        private var munge: pid_t = 0
        private let host: String

        /// Environment of programs that are to talk to it.
        var environment: [String: String] { ["SLURM_CONF": folder["slurm.conf"]] }

        init() throws {
            folder = try TemporaryFolder()
            host = Self.shortHostName()
            let port = try Self.freePorts()
            try FileSystem.makeFolder(folder["state"])
            try FileSystem.makeFolder(folder["spool"])
            try FileSystem.write(
                Array(configuration(port: port).utf8), atomicallyTo: folder["slurm.conf"])
            try startMunge()
            controller = try start("slurmctld", ["-D"])
            try startNode()
            do {
                try wait("an idle node", seconds: 60) {
                    try self.ask("sinfo", "-h", "-o", "%t").contains("idle")
                }
            } catch {
                throw Late(what: "an idle node:\n\(lastLines("slurmctld"))\n\(lastLines("slurmd"))")
            }
        }

        deinit {
            for process in [node, controller, munge] where process > 0 {
                kill(process, SIGTERM)
                var status: Int32 = 0
                for _ in 0..<500 where waitpid(process, &status, WNOHANG) == 0 { usleep(10_000) }
                kill(process, SIGKILL)
                waitpid(process, &status, WNOHANG)
            }
        }

        /// Ends the node's daemon as a crash does; its jobs go on.
        func killNode() throws {
            kill(node, SIGKILL)
            var status: Int32 = 0
            waitpid(node, &status, 0)
            node = 0
        }

        func startNode() throws { node = try start("slurmd", ["-D", "-N", host]) }

        /// What a program of Slurm prints.
        @discardableResult func ask(_ program: String, _ arguments: String...) throws -> String {
            let outcome = try Subprocess(
                Self.find(program) ?? program, arguments, environment: Self.variables(environment)
            ).run()
            return outcome.outputText
        }

        func wait(_ what: String, seconds: Int, until isTrue: () throws -> Bool) throws {
            for _ in 0..<(seconds * 5) {
                if try isTrue() { return }
                usleep(200_000)
            }
            throw Late(what: what)
        }

        struct Late: Error, CustomStringConvertible {
            let what: String
            var description: String { "waited in vain for \(what)" }
        }

        private func lastLines(_ program: String) -> String {
            let bytes = (try? FileSystem.read(folder["\(program).out"])) ?? []
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(5)
                .joined(separator: "\n")
        }

        /// The first of two ports that nobody has, below those that the kernel gives to whoever
        /// asks for any: the servers of the tests beside this one do.
        private static func freePorts() throws -> Int {
            let all = 20_000..<32_000
            guard
                let first = all.shuffled().prefix(1_000).first(where: {
                    isFree($0) && isFree($0 + 1)
                })
            else { throw Late(what: "two free ports in \(all)") }
            return first
        }

        private static func isFree(_ port: Int) -> Bool {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard descriptor >= 0 else { return false }
            defer { close(descriptor) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            return withUnsafeBytes(of: &address) {
                bind(
                    descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                    socklen_t($0.count)) == 0
            }
        }

        // MARK: - Daemons

        private func start(_ program: String, _ arguments: [String]) throws -> pid_t {
            let path = Self.find(program) ?? program
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            for descriptor in [Int32(1), 2] {
                posix_spawn_file_actions_addopen(
                    &actions, descriptor, folder["\(program).out"], O_WRONLY | O_CREAT | O_APPEND,
                    0o644)
            }
            let words = ([path] + arguments).map { strdup($0) } + [nil]
            let variables =
                Self.variables(environment).map { strdup("\($0.key)=\($0.value)") } + [nil]
            defer { for text in words + variables { free(text) } }
            var process: pid_t = 0
            let code = posix_spawn(&process, path, &actions, nil, words, variables)
            guard code == 0 else { throw Late(what: "\(path): \(String(cString: strerror(code)))") }
            return process
        }

        /// The machine's own authentication, where it does not run already.
        private func startMunge() throws {
            let works = { (try? Subprocess("munge", ["-n"]).run())?.succeeded == true }
            if works() { return }
            if !FileSystem.exists("/etc/munge/munge.key") {
                _ = try Subprocess(Self.find("mungekey") ?? "mungekey", ["--create"]).run()
            }
            try FileSystem.makeFolder("/run/munge")
            _ = try Subprocess("chown", ["munge", "/run/munge"]).run()
            munge = try start("su", ["-s", "/bin/sh", "munge", "-c", "exec munged --force -F"])
            try wait("munge", seconds: 20) { works() }
        }

        private func configuration(port: Int) -> String {
            """
            ClusterName=billion
            SlurmctldHost=\(host)(127.0.0.1)
            AuthType=auth/munge
            AuthInfo=cred_expire=5
            SlurmUser=root
            SlurmctldPort=\(port)
            SlurmdPort=\(port + 1)
            StateSaveLocation=\(folder["state"])
            SlurmdSpoolDir=\(folder["spool"])
            SlurmctldLogFile=\(folder["slurmctld.log"])
            SlurmdLogFile=\(folder["slurmd.log"])
            SlurmctldPidFile=\(folder["slurmctld.pid"])
            SlurmdPidFile=\(folder["slurmd.pid"])
            SelectType=select/cons_tres
            SelectTypeParameters=CR_CPU
            ProctrackType=proctrack/linuxproc
            TaskPlugin=task/none
            JobAcctGatherType=jobacct_gather/linux
            AccountingStorageType=accounting_storage/none
            ReturnToService=2
            KillWait=5
            MinJobAge=3600
            MpiDefault=none
            NodeName=\(host) NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
            PartitionName=p Nodes=\(host) Default=YES MaxTime=INFINITE State=UP

            """
        }

        private static func find(_ program: String) -> String? {
            Subprocess.find(program)
                ?? ["/usr/sbin/", "/sbin/"].map { $0 + program }.first { FileSystem.isFile($0) }
        }

        private static func variables(_ more: [String: String]) -> [String: String] {
            var variables: [String: String] = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
            for (name, value) in more { variables[name] = value }
            return variables
        }

        private static func shortHostName() -> String {
            var buffer = [CChar](repeating: 0, count: 256)
            gethostname(&buffer, buffer.count - 1)
            let name = String(
                decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return String(name.prefix { $0 != "." })
        }
    }
#endif
