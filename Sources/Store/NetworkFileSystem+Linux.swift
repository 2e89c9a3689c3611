#if os(Linux)
    import Basics

    /// File systems that several machines share.
    enum NetworkFileSystem {
        private static let types: Set<String> = [
            "nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "afs",
            "coda", "9p", "ocfs2", "gfs2", "pvfs2", "orangefs", "fuse.sshfs", "fuse.glusterfs",
            "fuse.s3fs", "fuse.rclone", "fuse.ceph-fuse", "fuse.juicefs",
        ]

        /// The name of the network file system that a file is on; nil for a local one.
        static func name(of path: String) -> String? {
            let mounts = (try? FileSystem.read("/proc/self/mountinfo")) ?? []
            return name(of: path, mounts: String(decoding: mounts, as: UTF8.self))
        }

        /// - Parameter mounts: what `/proc/self/mountinfo` says.
        static func name(of path: String, mounts: String) -> String? {
            var best: (length: Int, type: String)?
            for line in mounts.split(separator: "\n") {
                // 36 35 98:0 /root /mount/point options shared:1 - type source options
                let words = line.split(separator: " ")
                guard words.count > 6, let dash = words.firstIndex(of: "-"),
                    dash + 1 < words.count
                else { continue }
                let place = unescaped(words[4])
                let folder = place == "/" ? "/" : place + "/"
                guard path.hasPrefix(folder), place.utf8.count >= best?.length ?? 0 else {
                    continue
                }
                best = (place.utf8.count, String(words[dash + 1]))
            }
            guard let type = best?.type, types.contains(type) else { return nil }
            return type
        }

        /// Blanks in names are written `\040`.
        private static func unescaped(_ text: Substring) -> String {
            var bytes: [UInt8] = []
            var rest = Array(text.utf8)[...]
            while let byte = rest.popFirst() {
                let digits = String(decoding: rest.prefix(3), as: UTF8.self)
                if byte == UInt8(ascii: "\\"), digits.utf8.count == 3,
                    let code = UInt8(digits, radix: 8)
                {
                    bytes.append(code)
                    rest = rest.dropFirst(3)
                } else {
                    bytes.append(byte)
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
#endif
