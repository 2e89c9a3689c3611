extension HostileSet {
    /// Tries to use up the machine, or to stay after the end.
    static let exhausting = samples(
        .exhaust,
        [
            ("fork-bomb", body("import posix\nwhile True: posix.fork()")),
            (
                "setsid-stray",
                body(
                    "import posix, time\nif posix.fork() == 0:\n posix.setsid()\n time.sleep(600)\nreturn 0"
                )
            ),
            (
                "thread-bomb",
                body(
                    "import threading, time\nwhile True: threading.Thread(target=time.sleep, "
                        + "args=(600,)).start()")
            ),
            ("memory-10-gb", body("x = bytearray(10 ** 10)\nreturn len(x)")),
            ("memory-piecewise", body("x = []\nwhile True: x.append(bytearray(10 ** 7))")),
            (
                "file-1-gb",
                body(
                    "with open('big', 'wb') as f:\n for _ in range(1024): f.write(bytes(1 << 20))\n"
                        + "import os\nos.write(1, b'ESCAPED')\nreturn 0")
            ),
            (
                "many-files",
                body(
                    "import os\nfor i in range(100000): open(str(i), 'w').close()\n"
                        + "os.write(1, b'ESCAPED')\nreturn 0")
            ),
            (
                "output-100-mb",
                body("import os\nfor _ in range(1600): os.write(1, b'x' * 65536)\nreturn 0")
            ),
            ("print-100-mb", body("for _ in range(1000): print('x' * 100000)\nreturn 0")),
            ("huge-answer", body("return 'x' * (1 << 29)")),
            ("endless-answer", body("import itertools\nreturn itertools.count()")),
            ("sleep", body("import time\ntime.sleep(600)")),
            ("loop", body("while True: pass")),
            (
                "loop-that-catches",
                body("while True:\n try:\n  while True: pass\n except BaseException: pass")
            ),
            ("loop-in-c", body("return sum(range(10 ** 15))")),
            ("power-in-c", body("return 9 ** 9 ** 9")),
            (
                "blocked-signals",
                body("import signal\nsignal.pthread_sigmask(0, range(1, 65))\nwhile True: pass")
            ),
            ("closed-stdout", body("import os\nfor n in range(3): os.close(n)\nreturn 0")),
            ("closed-everything", body("import os\nos.closerange(0, 1000)\nreturn 0")),
            ("recursion", body("return answer(x)")),
            (
                "deep-recursion",
                body("import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(): return f()\nreturn f()")
            ),
            ("null-pointer", body("import ctypes\nctypes.string_at(0)")),
            ("abort", body("import os\nos.abort()")),
            ("stdin", body("return input()")),
        ])
}
