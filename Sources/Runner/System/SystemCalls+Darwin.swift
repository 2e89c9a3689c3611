#if os(macOS)
    import Darwin

    extension SystemCalls {
        /// Starts a program as the leader of its own process group, with default signals.
        ///
        /// - Returns: the process id, or the error number.
        static func spawn(
            program: String, arguments: [String], environment: [String],
            input: Int32, output: Int32, errors: Int32
        ) -> Result<pid_t, SpawnFailure> {
            var actions: posix_spawn_file_actions_t?
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_adddup2(&actions, input, 0)
            posix_spawn_file_actions_adddup2(&actions, output, 1)
            posix_spawn_file_actions_adddup2(&actions, errors, 2)

            var attributes: posix_spawnattr_t?
            posix_spawnattr_init(&attributes)
            defer { posix_spawnattr_destroy(&attributes) }
            var every = sigset_t()
            sigfillset(&every)
            var none = sigset_t()
            sigemptyset(&none)
            posix_spawnattr_setsigdefault(&attributes, &every)
            posix_spawnattr_setsigmask(&attributes, &none)
            posix_spawnattr_setpgroup(&attributes, 0)
            let flags =
                POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
                | POSIX_SPAWN_CLOEXEC_DEFAULT
            posix_spawnattr_setflags(&attributes, Int16(flags))

            var pid: pid_t = 0
            let code = withCStrings(arguments) { argv in
                withCStrings(environment) { envp in
                    descriptorLock.withLock { _ in
                        posix_spawn(&pid, program, &actions, &attributes, argv, envp)
                    }
                }
            }
            return code == 0 ? .success(pid) : .failure(SpawnFailure(code: code))
        }

        /// Runs `body` on a thread of its own that nobody waits for.
        static func startThread(_ body: @escaping @Sendable () -> Void) throws(RunnerError) {
            let box = Unmanaged.passRetained(ThreadBody(body))
            var thread: pthread_t?
            let code = pthread_create(
                &thread, nil,
                { raw in
                    Unmanaged<ThreadBody>.fromOpaque(raw).takeRetainedValue().run()
                    return nil
                }, box.toOpaque())
            guard code == 0, let thread else {
                box.release()
                throw .system(call: "pthread_create", detail: message(code))
            }
            pthread_detach(thread)
        }

        /// Seconds since the machine was started, those that it slept included.
        ///
        /// `CLOCK_MONOTONIC` counts sleep here, so the difference of the two is always zero, and
        /// sleep goes unnoticed on macOS.
        static func secondsSinceBoot() -> Double { monotonicSeconds() }

        /// Random, and another after every start of the machine; nil where it is not told.
        static func bootID() -> String? {
            var size = 64
            var bytes = [UInt8](repeating: 0, count: size)
            guard sysctlbyname("kern.bootsessionuuid", &bytes, &size, nil, 0) == 0 else {
                return nil
            }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }

        /// How this process's main thread is called in debuggers.
        static func nameProcess(_ name: String) { _ = pthread_setname_np(name) }

        /// Where this binary's file is.
        static var ownProgramFile: String { ownExecutable }

        /// The path of this program's file.
        static let ownExecutable: String = {
            var size: UInt32 = 4096
            var path = [CChar](repeating: 0, count: Int(size))
            guard _NSGetExecutablePath(&path, &size) == 0 else { return CommandLine.arguments[0] }
            return String(
                decoding: path.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }()
    }
#endif
