#if os(Linux)
    import Glibc

    extension SystemCalls {
        /// Starts a program as the leader of its own process group, with default signals.
        ///
        /// - Returns: the process id, or the error number.
        static func spawn(
            program: String, arguments: [String], environment: [String],
            input: Int32, output: Int32, errors: Int32
        ) -> Result<pid_t, SpawnFailure> {
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            posix_spawn_file_actions_adddup2(&actions, input, 0)
            posix_spawn_file_actions_adddup2(&actions, output, 1)
            posix_spawn_file_actions_adddup2(&actions, errors, 2)

            var attributes = posix_spawnattr_t()
            posix_spawnattr_init(&attributes)
            defer { posix_spawnattr_destroy(&attributes) }
            var every = sigset_t()
            sigfillset(&every)
            var none = sigset_t()
            sigemptyset(&none)
            posix_spawnattr_setsigdefault(&attributes, &every)
            posix_spawnattr_setsigmask(&attributes, &none)
            posix_spawnattr_setpgroup(&attributes, 0)
            let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
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
            var thread = pthread_t()
            let code = pthread_create(
                &thread, nil,
                { raw in
                    if let raw { Unmanaged<ThreadBody>.fromOpaque(raw).takeRetainedValue().run() }
                    return nil
                }, box.toOpaque())
            guard code == 0 else {
                box.release()
                throw .system(call: "pthread_create", detail: message(code))
            }
            pthread_detach(thread)
        }

        /// How this process is called in `ps` and `top` (15 characters at most).
        static func nameProcess(_ name: String) {
            let descriptor = open("/proc/self/comm", O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return }
            try? writeAll(Array(name.utf8), to: descriptor)
            close(descriptor)
        }

        /// Seconds since the machine was started, those that it slept included.
        static func secondsSinceBoot() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_BOOTTIME, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }

        /// Random, and another after every start of the machine; nil where it is not told.
        static func bootID() -> String? {
            readText("/proc/sys/kernel/random/boot_id").map { Fingerprint.tidy($0) }
        }

        /// A path that starts this very binary again, even when the file was replaced meanwhile.
        static let ownExecutable = "/proc/self/exe"

        /// Where this binary's file is.
        static let ownProgramFile: String = {
            guard let path = realpath(ownExecutable, nil) else { return CommandLine.arguments[0] }
            defer { free(path) }
            return String(cString: path)
        }()
    }
#endif
