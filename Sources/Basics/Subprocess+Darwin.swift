#if canImport(Darwin)
    import Darwin

    enum SpawnActions {
        static func make() -> posix_spawn_file_actions_t? { nil }
    }

    enum SpawnAttributes {
        static func make() -> posix_spawnattr_t? { nil }
    }

    /// Closes, in the child, every descriptor that the actions do not name.
    func closeOthers(_ actions: inout posix_spawn_file_actions_t?) -> Int32 {
        POSIX_SPAWN_CLOEXEC_DEFAULT
    }
#endif
