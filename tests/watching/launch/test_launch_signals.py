"""Signals reach the script as they would without the watch: each of them once."""

from __future__ import annotations

import os
import pty
import signal
import sys
import time

import pytest
from launching import gone, wait_for

COUNTING = """
import os, signal, sys, time
got = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: got.append(number))
open("ready", "w").write(str(os.getpid()))
end = time.monotonic() + 30
while not got and time.monotonic() < end:
    time.sleep(0.01)
time.sleep(1.5)
print("got", [int(number) for number in got])
sys.exit(5)
"""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_us_is_passed_on(desk, signum):
    desk.write("my.py", COUNTING)
    driven = desk.driven(sys.executable, "my.py")
    driven.wait_for(desk.folder / "ready")
    driven.process.send_signal(signum)
    outcome = driven.outcome()
    assert driven.out == f"got [{int(signum)}]\n"
    assert (outcome["exit_status"], outcome["interrupted"]) == (5, signum.name)


def test_a_signal_to_the_whole_group_ends_a_plain_script_once(desk):
    desk.write("my.py", "import os, time\nopen('ready', 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    driven = desk.driven(sys.executable, "my.py")
    pid = int(driven.wait_for(desk.folder / "ready"))
    os.killpg(driven.process.pid, signal.SIGINT)
    outcome = driven.outcome()
    assert outcome["signal"] == outcome["interrupted"] == "SIGINT"
    assert driven.err.count("KeyboardInterrupt") == 1
    assert gone(pid)


def test_a_command_that_was_stopped_for_a_while_goes_on(desk):
    desk.write("my.py", "import os, time\nopen('ready', 'w').write(str(os.getpid()))\ntime.sleep(3)\n")
    driven = desk.driven(sys.executable, "my.py")
    driven.wait_for(desk.folder / "ready")
    for _ in range(2):
        os.killpg(driven.process.pid, signal.SIGSTOP)
        time.sleep(0.6)
        os.killpg(driven.process.pid, signal.SIGCONT)
        time.sleep(0.1)
    outcome = driven.outcome()
    assert (outcome["exit_status"], outcome["interrupted"]) == (0, None)


def test_a_keyboard_interrupt_at_the_terminal_arrives_once(desk):
    desk.write("my.py", COUNTING)
    desk.write("question.py", "")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(desk.folder)
        from pathlib import Path

        from ppodoctor.watching.launch import Limits, launch

        outcome = launch([sys.executable, "my.py"], Path("run"), Limits())
        Path("outcome").write_text(f"{outcome.exit_status} {outcome.interrupted}")
        os._exit(0)
    wait_for(desk.folder / "ready")
    os.write(terminal, b"\x03")
    assert wait_for(desk.folder / "outcome") == "5 SIGINT"
    assert "got [2]" in read_all(terminal)
    os.waitpid(pid, 0)


def test_a_script_reads_from_the_terminal(desk):
    desk.write("my.py", "import sys\nprint('tty', sys.stdin.isatty(), sys.stdout.isatty(), input('name? ')[::-1])\n")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(desk.folder)
        from pathlib import Path

        from ppodoctor.watching.launch import Limits, launch

        launch([sys.executable, "my.py"], Path("run"), Limits())
        os._exit(0)
    os.write(terminal, b"olleh\n")
    assert "tty True True hello" in read_all(terminal)
    os.waitpid(pid, 0)


def read_all(terminal: int) -> str:
    """What a terminal shows until everybody has left it."""
    shown = b""
    try:
        while block := os.read(terminal, 4096):
            shown += block
    except OSError:  # the last of the processes has closed it
        pass
    return shown.decode()


def test_three_interrupts_end_a_script_that_does_not_listen(desk):
    deaf = "import os, signal, time\nfor number in (2, 15): signal.signal(number, signal.SIG_IGN)\n"
    desk.write("my.py", deaf + "open('ready', 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    driven = desk.driven(sys.executable, "my.py", grace=0.4)
    pid = int(driven.wait_for(desk.folder / "ready"))
    for _ in range(3):
        driven.process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    assert driven.outcome()["signal"] == "SIGKILL"
    assert gone(pid)


def test_signals_that_were_ignored_stay_ignored(desk, monkeypatch):
    desk.write("my.py", "import signal; print([signal.getsignal(s) == signal.SIG_IGN for s in (1, 2, 15)])")
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        driven = desk.driven(sys.executable, "my.py")
        driven.outcome()
    finally:
        signal.signal(signal.SIGHUP, before)
    assert driven.out == "[True, False, False]\n"


def test_handlers_and_mask_are_as_before_afterwards(desk):
    before = [signal.getsignal(one) for one in (1, 2, 15)], signal.pthread_sigmask(signal.SIG_BLOCK, [])
    desk.write("my.py", "")
    desk.watch(sys.executable, "my.py")
    assert before == ([signal.getsignal(one) for one in (1, 2, 15)], signal.pthread_sigmask(signal.SIG_BLOCK, []))


def test_the_script_finds_no_signal_blocked(desk, capfd):
    desk.write("my.py", "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))")
    desk.watch(sys.executable, "my.py")
    assert capfd.readouterr().out == "set()\n"
