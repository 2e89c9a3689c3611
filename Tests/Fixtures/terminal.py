"""Runs a program on a pseudo-terminal and acts as its user.

    python3 Tests/Fixtures/terminal.py PROGRAM [ARGUMENT...] < steps.json

Steps are a JSON array of {"expect": TEXT} (waits until the terminal shows it, after what was
expected before), {"send": TEXT}, {"signal": NUMBER}, {"columns": N} and {"modes": NAME} (notes
whether the terminal's modes are as they were before the program). Prints one JSON object: output,
status, restored, modes, and failed, the step that was not met.
"""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time

PATIENCE = 60.0  # seconds for a text to appear, on a machine that is busy with other tests


def set_size(descriptor, columns):
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def main():
    steps = json.load(sys.stdin)
    controller, terminal = pty.openpty()
    set_size(terminal, 80)
    before = termios.tcgetattr(terminal)

    def take_terminal():
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        sys.argv[1:],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=take_terminal,
    )
    output = b""
    seen = 0
    modes = {}
    failed = None

    def read(seconds):
        nonlocal output
        ready, _, _ = select.select([controller], [], [], seconds)
        if ready:
            output += os.read(controller, 65536)

    for step in steps:
        if "expect" in step:
            wanted = step["expect"].encode()
            deadline = time.monotonic() + PATIENCE
            while wanted not in output[seen:] and time.monotonic() < deadline:
                read(0.05)
                if process.poll() is not None:
                    read(0)
                    break
            if wanted not in output[seen:]:
                failed = step
                break
            seen = output.index(wanted, seen) + len(wanted)
        elif "send" in step:
            os.write(controller, step["send"].encode())
        elif "signal" in step:
            process.send_signal(step["signal"])
        elif "columns" in step:
            set_size(terminal, step["columns"])
        elif "modes" in step:
            modes[step["modes"]] = termios.tcgetattr(terminal) == before
    deadline = time.monotonic() + (PATIENCE if failed is None else 0)
    while process.poll() is None and time.monotonic() < deadline:
        read(0.05)
    if process.poll() is None:
        process.kill()
        failed = failed or "the program did not end"
    read(0)
    print(
        json.dumps(
            {
                "output": output.decode(errors="replace"),
                "status": process.wait(),
                "restored": termios.tcgetattr(terminal) == before,
                "modes": modes,
                "failed": json.dumps(failed) if failed else None,
            }
        )
    )


main()
