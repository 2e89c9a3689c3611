import Basics
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The hostile set, run against a sandbox, with traps outside that tell what got through.
package struct HostileTrial: Sendable {
    package struct Finding: Sendable {
        package let sample: HostileSample
        package let verdict: Verdict
        package let hasEscaped: Bool
        package let duration: Duration
    }

    package let findings: [Finding]
    /// Changes that somebody made outside: the canary file, files beside it.
    package let traces: [String]
    /// Processes of the set that are there after its end.
    package let strays: Int
    /// From fork to an interpreter's first line.
    package let startDurations: [Duration]

    package var escapes: Int { findings.count { $0.hasEscaped } + traces.count }
    package var falsePasses: Int { findings.count { $0.verdict.isPass } }
    package var holds: Bool { escapes == 0 && falsePasses == 0 && strays == 0 }

    /// Runs the samples, `workers` at a time.
    ///
    /// - Parameter folder: an empty folder, for the canary.
    package static func run(
        _ sandbox: Sandbox, samples: [HostileSample] = HostileSet.all, workers: Int, folder: String,
        onFinding: (Finding) -> Void = { _ in }
    ) throws -> HostileTrial {
        let canary = FileSystem.join(folder, "canary")
        let content = Array("a secret\n".utf8)
        try FileSystem.write(content, atomicallyTo: canary)
        let listener = Listener()
        var findings: [Finding] = []
        let outcomes = try sandbox.check(
            samples.map { $0.program(canary: canary, port: listener.port) }, workers: workers
        ) { index, outcome in
            let finding = Finding(
                sample: samples[index], verdict: outcome.verdict,
                hasEscaped: outcome.output.firstRange(of: Array(HostileSample.mark.utf8)) != nil,
                duration: outcome.duration)
            findings.append(finding)
            onFinding(finding)
        }
        var traces: [String] = []
        if (try? FileSystem.read(canary)) != content { traces.append("the canary was changed") }
        let others = ((try? FileSystem.names(in: folder)) ?? []).filter { $0 != "canary" }
        traces += others.map { "'\($0)' was made beside the canary" }
        return HostileTrial(
            findings: findings, traces: traces, strays: strays(),
            startDurations: outcomes.map(\.startDuration))
    }

    /// How many of the candidates and judges that run now do so for five seconds more: those of
    /// other checks on this machine, which count at first, end by their time limits.
    private static func strays() -> Int {
        var left = children()
        for _ in 0..<50 where !left.isEmpty {
            usleep(100_000)
            left.formIntersection(children())
        }
        return left.count
    }

    /// Processes on this machine whose command line is a candidate's or a judge's of this program.
    private static func children() -> Set<String> {
        let names = (try? FileSystem.names(in: "/proc")) ?? []
        return Set(
            names.filter { name in
                guard Int(name) != nil, let line = try? FileSystem.read("/proc/\(name)/cmdline")
                else { return false }
                return line.firstRange(of: Array("serve(3, 4)".utf8)) != nil
                    || line.firstRange(of: Array("receive_answer(b'R')".utf8)) != nil
            })
    }

    /// A port that a connection to would succeed.
    private final class Listener {
        let port: UInt16
        private let descriptor: Int32

        init() {
            #if canImport(Glibc)
                let kind = Int32(SOCK_STREAM.rawValue)
            #else
                let kind = SOCK_STREAM
            #endif
            let descriptor = socket(AF_INET, kind, 0)
            self.descriptor = descriptor
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let size = length
            let result = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, size) == 0 && listen(descriptor, 8) == 0
                        && getsockname(descriptor, $0, &length) == 0
                }
            }
            // Without a listener the attempt fails, which is what is hoped for anyway.
            port = result ? UInt16(bigEndian: address.sin_port) : 9
        }

        deinit { close(descriptor) }
    }
}
