extension HostileSet {
    /// Tries to pass without answering.
    static let forging = samples(
        .forge,
        [
            ("empty", ""),
            (
                "always-equal",
                body("class E:\n def __eq__(s, o): return True\n return_ = 0\nreturn E()")
            ),
            (
                "int-always-equal",
                body(
                    "class E(int):\n def __eq__(s, o): return True\n __req__ = __eq__\nreturn E(0)")
            ),
            ("sys-exit-0", body("import sys; sys.exit(0)")),
            ("os-exit-0", body("import os; os._exit(0)")),
            ("exit-at-import", body("return 0") + "\nimport os\nos._exit(0)"),
            ("system-exit", body("raise SystemExit")),
            ("keyboard-interrupt", body("raise KeyboardInterrupt")),
            ("generator-exit", body("raise GeneratorExit")),
            ("stop-iteration", body("raise StopIteration")),
            (
                "base-exception-without-text",
                body("class B(BaseException):\n def __str__(s): raise s\nraise B()")
            ),
            (
                "atexit",
                body("return 0") + "\nimport atexit, os\natexit.register(lambda: os._exit(0))"
            ),
            (
                "patched-builtins",
                body("return 0") + "\nimport builtins\n"
                    + "builtins.AssertionError = type('A', (BaseException,), {})\n"
                    + "builtins.str = builtins.repr = lambda *a: 'passed'\n"
                    + "builtins.isinstance = lambda *a: True"
            ),
            (
                "frame-walk",
                body(
                    "import sys\nf = sys._getframe()\nwhile f:\n"
                        + " for k, v in list(f.f_locals.items()) + list(f.f_globals.items()):\n"
                        + "  if k in ('check', 'judge', 'test', 'task', 'report', 'finish'):\n"
                        + "   import os; os.write(1, b'ESCAPED ' + k.encode())\n f = f.f_back\nreturn 0"
                )
            ),
            (
                "gc-walk",
                body(
                    "import gc\nfor o in gc.get_objects():\n try:\n"
                        + "  if isinstance(o, list): o.append('passed')\n"
                        + "  if isinstance(o, dict): o['result'] = 'passed'\n"
                        + " except Exception: pass\nreturn 0")
            ),
            (
                "verdict-descriptors",
                body(
                    "import os, struct\nfor n in range(3, 256):\n"
                        + " for m in (b'P' + struct.pack('<I', 0), b'passed'):\n"
                        + "  try: os.write(n, m)\n  except OSError: pass\nreturn 0")
            ),
            (
                "verdict-on-stdout",
                body("return 0") + "\nimport os, struct\nfor n in (1, 2):\n"
                    + "    os.write(n, b'L\\0\\0\\0\\0B\\0\\0\\0\\0P\\0\\0\\0\\0passed\\n')"
            ),
            (
                "fake-answers-from-thread",
                body("return 0") + "\nimport threading, os, struct\ndef flood():\n"
                    + "    while True: os.write(4, b'V' + struct.pack('<I', 1) + b'T')\n"
                    + "threading.Thread(target=flood, daemon=True).start()"
            ),
            (
                "exception-named-passed",
                body("class passed(Exception): pass\nraise passed('passed\\nP\\0\\0\\0\\0')")
            ),
            (
                "malformed-answer",
                body(
                    "import os, struct\nos.write(4, b'V' + struct.pack('<I', 6) + b'l\\xff\\xff\\xff\\xffN')\nreturn 0"
                )
            ),
            (
                "deep-answer",
                body(
                    "import os, struct\nd = b'l\\1\\0\\0\\0' * 100000 + b'N'\n"
                        + "os.write(4, b'V' + struct.pack('<I', len(d)) + d)\nreturn 0")
            ),
            ("nan", body("return float('nan')")),
            ("decorated-check", body("return 0") + "\n@(lambda f: lambda c: None)"),
            ("open-string", body("return 0\nx = '''")),
            (
                "own-check",
                body("return 0") + "\ndef check(candidate): pass\nimport sys\n"
                    + "sys.modules['random'] = None"
            ),
            (
                "trace",
                body("return 0") + "\nimport sys, os\n"
                    + "sys.settrace(lambda *a: os._exit(0))"
            ),
        ])

    /// The lines as the body of the function.
    static func body(_ lines: String) -> String {
        lines.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }
            .joined(separator: "\n")
    }
}
