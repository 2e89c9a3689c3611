import Basics
import Experiments
import Testing

@testable import Runner

@Suite struct FingerprintTests {
    @Test func thisHostHasFacts() throws {
        let facts = HostFacts.current(libraries: ["sqlite": "3"])
        #expect(!facts.processor.isEmpty)
        #expect((1...100_000).contains(facts.cores))
        #expect(facts.memoryBytes > 1 << 26)
        #expect(
            facts.operatingSystem.contains("Linux ") || facts.operatingSystem.contains("macOS "))
        #expect(facts.libraries == ["sqlite": "3"])
        #expect(facts == HostFacts.current(libraries: ["sqlite": "3"]))
        #expect(!(try JSON.text(facts)).contains("/home/"))
    }

    #if os(Linux)
        @Test(arguments: [
            (
                "x86", "processor\t: 0\nmodel name\t: AMD  EPYC 7B13 \nflags: a\n", nil,
                "AMD EPYC 7B13"
            ),
            (
                "known Arm", "processor : 0\nCPU implementer : 0x41\nCPU part : 0xd0c\n", nil,
                "Arm Neoverse-N1"
            ),
            (
                "unknown Arm", "CPU implementer : 0x99\nCPU part : 0x001\n", nil,
                "aarch64 implementer 0x99 part 0x001"
            ),
            ("Hardware", "Hardware : BCM2711\n", "x", "BCM2711"),
            ("device tree", "", "Raspberry Pi 5 Model B\0", "Raspberry Pi 5 Model B"),
            ("nothing", "processor : 0\n", nil, "unknown"),
        ])
        func processor(name: String, cpuinfo: String, device: String?, expected: String) {
            let found = Fingerprint.processorName(cpuinfo: cpuinfo, deviceModel: device)
            #expect(found == expected, "\(name)")
        }

        @Test(arguments: [
            ("max 100000\n", nil), ("200000 100000\n", 2), ("150000 100000\n", 2),
            ("50000 100000\n", 1), ("", nil), ("-1 100000", nil), ("100 0", nil),
            ("9223372036854775807 1", Int.max),
        ])
        func coreLimit(text: String, expected: Int?) {
            #expect(Fingerprint.coreLimit(cpuMax: text) == expected)
        }

        @Test(arguments: [
            ("Name: x\nCpus_allowed_list:\t0-3,8\n", 5), ("Cpus_allowed_list:\t0\n", 1),
            ("Cpus_allowed_list:\t\n", nil), ("Cpus_allowed_list: 3-1\n", nil),
            ("Cpus_allowed_list: 0-99999999999999999999\n", nil), ("", nil),
        ])
        func affinity(text: String, expected: Int?) {
            #expect(Fingerprint.allowedCount(status: text) == expected)
        }

        @Test(arguments: [
            ("MemTotal:       16384 kB\nMemFree: 1 kB\n", Int64(16384 * 1024)),
            ("MemFree: 1 kB\n", nil), ("MemTotal: x kB\n", nil),
            ("MemTotal: 9223372036854775807 kB\n", nil),
        ])
        func memory(text: String, expected: Int64?) {
            #expect(Fingerprint.memory("MemTotal:", meminfo: text) == expected)
        }

        @Test(arguments: [
            (
                "NAME=Debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n",
                "6.1.0-13-amd64\n", "Debian GNU/Linux 12 (bookworm), Linux 6.1"
            ),
            ("", "5.15.153.1-microsoft-standard-WSL2", "Linux 5.15"),
            ("PRETTY_NAME=\"\"\n", "", "Linux"),
        ])
        func system(description: String, release: String, expected: String) {
            #expect(
                Fingerprint.systemName(osRelease: description, kernelRelease: release) == expected)
        }

        @Test(arguments: [
            (
                "1:name=systemd:/\n0::/user.slice/a.scope\n",
                [
                    "/sys/fs/cgroup/user.slice/a.scope", "/sys/fs/cgroup/user.slice",
                    "/sys/fs/cgroup",
                ]
            ),
            ("0::/\n", ["/sys/fs/cgroup"]),
            ("4:memory:/x\n", []),
        ])
        func controlGroups(membership: String, expected: [String]) {
            #expect(Fingerprint.controlGroupFolders(membership: membership) == expected)
        }
    #endif
}
