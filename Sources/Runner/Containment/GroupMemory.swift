/// Watches how much memory the processes of a job's group hold together.
///
/// Resident pages are counted as the system counts them for each process, so a file that two of
/// them have mapped counts twice. Looking costs some tens of microseconds; who belongs to the
/// group is looked up less often than how much they hold.
struct GroupMemory {
    private static let memberInterval = 2.0

    private let group: Int32
    private var members: [Int32]
    private var membersKnownAt = 0.0
    /// The most that was seen, in bytes.
    private(set) var peakBytes: Int64 = 0

    init(group: Int32) {
        self.group = group
        members = [group]
    }

    /// Bytes resident now; nil where the system does not say.
    mutating func residentBytes(now: Double) -> Int64? {
        if now - membersKnownAt >= Self.memberInterval {
            membersKnownAt = now
            members = ProcessTable.members(ofGroup: group)
            if members.isEmpty { members = [group] }
        }
        let sizes = members.compactMap { ProcessTable.residentBytes(of: $0) }
        guard !sizes.isEmpty else { return nil }
        let total = sizes.reduce(0, +)
        peakBytes = max(peakBytes, total, ProcessTable.peakResidentBytes(of: group) ?? 0)
        return total
    }
}
