#if canImport(Darwin)
    import Darwin

    /// File systems that several machines share.
    enum NetworkFileSystem {
        /// The name of the network file system that a file is on; nil for a local one.
        static func name(of path: String) -> String? {
            var facts = statfs()
            guard statfs(path, &facts) == 0, facts.f_flags & UInt32(MNT_LOCAL) == 0 else {
                return nil
            }
            return withUnsafeBytes(of: facts.f_fstypename) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
        }
    }
#endif
