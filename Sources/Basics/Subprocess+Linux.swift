#if os(Linux)
    import Glibc

    enum SpawnActions {
        static func make() -> posix_spawn_file_actions_t { posix_spawn_file_actions_t() }
    }

    enum SpawnAttributes {
        static func make() -> posix_spawnattr_t { posix_spawnattr_t() }
    }

    private typealias CloseFrom =
        @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32

    /// glibc's own action (2.34 and newer).
    ///
    /// The Glibc module hides GNU's extensions, so it is looked up by name.
    private let closeFrom: CloseFrom? = {
        let symbol = dlsym(dlopen(nil, RTLD_NOW), "posix_spawn_file_actions_addclosefrom_np")
        return symbol.map { unsafeBitCast($0, to: CloseFrom.self) }
    }()

    /// Closes, in the child, every descriptor but the standard three; returns flags to add.
    func closeOthers(_ actions: inout posix_spawn_file_actions_t) -> Int32 {
        if let closeFrom {
            _ = closeFrom(&actions, 3)
            return 0
        }
        for name in (try? FileSystem.names(in: "/proc/self/fd")) ?? [] {
            if let descriptor = Int32(name), descriptor > 2 {
                posix_spawn_file_actions_addclose(&actions, descriptor)
            }
        }
        return 0
    }
#endif
