extension HostileSet {
    /// Tries to reach something outside.
    static let escaping = samples(
        .escape,
        [
            ("read-canary", attempt("open('CANARY').read()")),
            ("write-canary", attempt("open('CANARY', 'a').write('x')")),
            ("read-passwd", attempt("open('/etc/passwd').read()")),
            ("list-home", attempt("os.listdir('/home') or 1; os.listdir('/root')")),
            (
                "home-tokens",
                attempt("[open(p + '/.bashrc').read() for p in ('/root', os.path.expanduser('~'))]")
            ),
            ("environment", attempt("os.environ['PATH']")),
            ("proc-of-others", attempt("open('/proc/1/environ', 'rb').read()")),
            ("proc-self-memory", attempt("open('/proc/self/mem', 'r+b')")),
            ("sys-and-dev", attempt("os.listdir('/sys') and os.listdir('/dev/shm')")),
            (
                "write-outside",
                attempt("open(os.path.dirname('CANARY') + '/planted', 'w').write('x')")
            ),
            (
                "write-python",
                attempt("open(os.__file__, 'a')")
            ),
            (
                "symlink",
                attempt("os.symlink('CANARY', 'link'); open('link').read()")
            ),
            ("hard-link", attempt("os.link('CANARY', 'hard'); open('hard').read()")),
            ("parent-folders", attempt("open('../../../../../../../..' + 'CANARY').read()")),
            (
                "inherited-descriptors",
                attempt("any([os.fstat(n) for n in range(6, 64) if is_open(n)]) or 1 / 0")
            ),
            ("tcp", attempt("__import__('socket').create_connection(('127.0.0.1', PORT), 1)")),
            ("udp", attempt("__import__('socket').socket(2, 2).sendto(b'x', ('127.0.0.1', PORT))")),
            ("unix-socket", attempt("__import__('socket').socket(1, 1)")),
            ("listen", attempt("__import__('socket').create_server(('127.0.0.1', 0))")),
            ("kill-parent", attempt("send(os.getppid() or 1 / 0, 0)")),
            (
                "signal-others",
                attempt("[send(p, 0) for p in range(2, 400)]")
            ),
            ("fork", attempt("raw(57, 220)")),
            ("program", attempt("posix.posix_spawn('/bin/sh', ['sh', '-c', 'true'], {})")),
            ("ptrace", attempt("raw(101, 117, 16, 1)")),
            ("mount", attempt("raw(165, 40, 0, 0, 0, 0)")),
            ("new-namespace", attempt("raw(272, 97, 0x10000000)")),
            ("chroot", attempt("raw(161, 51, b'/')")),
            ("bpf", attempt("raw(321, 280, 0, 0, 0)")),
            ("keyring", attempt("raw(250, 219, 0, -3, 1)")),
            ("io-uring", attempt("raw(425, 425, 8, bytes(120))")),
            ("read-other-memory", attempt("raw(310, 270, 1, 0, 0, 0, 0, 0)")),
            ("shared-memory", attempt("raw(29, 194, 0, 4096, 0o1600)")),
            ("hidden-file", attempt("raw(319, 279, b'x', 0)")),
            ("become-root", attempt("raw(105, 146, 0)")),
            ("executable-memory-file", attempt("write_and_run()")),
        ])

    /// Runs an expression and says so when it worked; in plain Python, before the guard's gaps.
    private static func attempt(_ statement: String) -> String {
        body("return 0") + "\n"
            + """
            import os, posix, platform

            def raw(x86, arm, *arguments):
                import ctypes
                library = ctypes.CDLL(None, use_errno=True)
                number = arm if platform.machine() == 'aarch64' else x86
                if x86 == 57 and number == 220: arguments = (17, 0, 0, 0, 0)
                process = os.getpid()
                result = library.syscall(number, *arguments)
                if os.getpid() != process: os._exit(0)
                if result == -1: raise OSError(ctypes.get_errno(), 'refused')
                return result

            def send(process, signal): return raw(62, 129, process, signal)

            def is_open(number):
                try: return os.fstat(number)
                except OSError: return None

            def write_and_run():
                with open('tool', 'w') as file: file.write('#!/bin/sh\\n')
                raw(90, 53, b'tool', 0o755) if platform.machine() != 'aarch64' else None
                posix.execve('tool', ['tool'], {})

            try:
                \(statement)
                os.write(1, b'ESCAPED')
            except BaseException as error: pass
            """
    }
}
