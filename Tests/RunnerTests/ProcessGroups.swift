@testable import Runner

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Whether the last process of a group goes away within moments.
func isGone(group: pid_t) -> Bool {
    for _ in 0..<300 {
        if kill(-group, 0) == -1, errno == ESRCH { return true }
        // Orphans are dead at once, but some systems take seconds to bury them.
        if let alive = livingMembers(of: group), alive.isEmpty { return true }
        usleep(10_000)
    }
    return false
}

/// Processes of a group that are not zombies; nil where there is no `/proc`.
private func livingMembers(of group: pid_t) -> [String]? {
    guard SystemCalls.readText("/proc/self/stat") != nil else { return nil }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.filter { name in
        guard Int(name) != nil, let stat = SystemCalls.readText("/proc/\(name)/stat"),
            let end = stat.lastIndex(of: ")")
        else { return false }
        // After the name in brackets: state, parent, group.
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        return fields.count > 2 && fields[2] == String(group) && fields[0] != "Z"
            && fields[0] != "X"
    }
}
