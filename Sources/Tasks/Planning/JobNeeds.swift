import Basics
import LanguageModels

/// What a job needs of a machine beyond time.
///
/// 0 is "nothing", nil is "not known".
package struct JobNeeds: Hashable, Sendable {
    package var downloadBytes: Int64?
    /// What fetching takes on disk.
    package var fetchedBytes: Int64?
    /// The copy in another format.
    package var copyBytes: Int64?
    package var memory: ModelFootprint.Memory?

    package init(
        downloadBytes: Int64? = nil, fetchedBytes: Int64? = nil, copyBytes: Int64? = nil,
        memory: ModelFootprint.Memory? = nil
    ) {
        self.downloadBytes = downloadBytes
        self.fetchedBytes = fetchedBytes
        self.copyBytes = copyBytes
        self.memory = memory
    }

    package var diskBytes: Int64? {
        guard let fetchedBytes, let copyBytes else { return nil }
        return fetchedBytes + copyBytes
    }

    /// What the reason of a job that does not fit begins with.
    package static let misfitWord = "won't fit"

    /// Why the job cannot fit, with the next step; nil when it does or when that is not known.
    package func misfit(in room: MachineRoom) -> String? {
        if let memory, let free = room.memoryBytes, memory.total > free {
            return "\(Self.misfitWord): it needs \(text(memory.total)) of memory "
                + "(weights \(text(memory.weights)), keys and values \(text(memory.cache)), "
                + "the rest \(text(memory.workspace))), \(text(free)) are available. "
                + "Close other programs, or take a smaller model, quantization or prompt."
        }
        let disk = (fetchedBytes ?? 0) + (copyBytes ?? 0)
        if disk > 0, let free = room.diskBytes, disk > free {
            let parts = [("download", fetchedBytes ?? 0), ("converted copy", copyBytes ?? 0)]
                .filter { $0.1 > 0 }.map { "\($0.0) \(text($0.1))" }
            return "\(Self.misfitWord): it needs \(text(disk)) of disk "
                + "(\(parts.joined(separator: ", "))), \(text(free)) are free. Make room, or set XDG_CACHE_HOME and HF_HOME to folders "
                + "on another disk."
        }
        return nil
    }

    private func text(_ bytes: some BinaryInteger) -> String { ByteCount.text(Int64(bytes)) }
}

/// What a machine has left; nil is "not known".
package struct MachineRoom: Hashable, Sendable {
    package var memoryBytes: Int64?
    package var diskBytes: Int64?

    package init(memoryBytes: Int64?, diskBytes: Int64?) {
        self.memoryBytes = memoryBytes
        self.diskBytes = diskBytes
    }
}
