from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.canary import hits_in, new_canary

from goldenpath.errors import AccessDenied, Conflict, GoldenpathError, InvalidIntent, Misconfigured, NotFound, ProviderUnavailable
from goldenpath.model.secret import SecretValue
from goldenpath.providers import process as process_module
from goldenpath.providers.mount import Mount, mounted
from goldenpath.providers.process import FORWARDED, Injected, Watch, run_child

SH = ["/bin/sh", "-c"]


def inject(**values: str) -> Injected:
    environment = {os.fsencode(name): os.fsencode(text) for name, text in (os.environ | values).items()}
    return Injected(environment=environment, secrets=tuple(SecretValue(text.encode()) for text in values.values()))


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137)])
def test_exit_code_is_the_childs(script: str, code: int) -> None:
    assert run_child([*SH, script], inject()) == code


def test_child_gets_exactly_the_environment_that_was_built(tmp_path: Path) -> None:
    injected = Injected(environment={b"KEY": b"a\nb=\xff ", b"PATH": b"/bin:/usr/bin"})
    assert run_child(["env", "-0"], injected) == 0
    assert run_child([*SH, f"env -0 > {tmp_path / 'seen'}"], injected) == 0
    seen = dict(line.split(b"=", 1) for line in (tmp_path / "seen").read_bytes().split(b"\0")[:-1])
    assert seen[b"KEY"] == b"a\nb=\xff "
    assert set(seen) <= {b"KEY", b"PATH", b"PWD", b"SHLVL", b"_"}


def test_value_is_in_no_argument_list(tmp_path: Path) -> None:
    canary = new_canary()
    script = "for f in /proc/[0-9]*/cmdline; do cat $f 2>/dev/null; done > " + str(tmp_path / "all")
    assert run_child([*SH, script], inject(KEY=canary), redact=True) == 0
    assert hits_in((tmp_path / "all").read_bytes(), [canary]) == []


def test_what_prints_an_injection_shows_no_value() -> None:
    canary = new_canary()
    assert hits_in(repr(inject(KEY=canary)).encode(), [canary]) == []


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        ([], "exec.command-missing"),
        ([""], "exec.command-missing"),
        (["no-such-program"], "exec.command-missing"),
        (["/etc/passwd"], "exec.command-missing"),
        (["/tmp"], "exec.command-missing"),
    ],
)
def test_program_that_is_not_there(argv: list[str], code: str) -> None:
    with pytest.raises(NotFound) as raised:
        run_child(argv, inject())
    assert raised.value.code == code


def test_program_that_the_machine_cannot_run(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELFnot really")
    program.chmod(0o755)
    with pytest.raises(Misconfigured) as raised:
        run_child([str(program)], inject())
    assert raised.value.code == "exec.command-not-runnable"


def test_environment_that_is_too_large_is_refused() -> None:
    canary = new_canary()
    with pytest.raises(InvalidIntent) as raised:
        run_child(["/bin/true"], inject(KEY=canary + "x" * 3_000_000))
    assert raised.value.code == "exec.environment-too-large"
    assert hits_in(str(raised.value).encode(), [canary]) == []


def test_program_is_looked_up_on_our_own_path() -> None:
    assert run_child(["true"], Injected(environment={b"PATH": b"/nowhere"})) == 0


DRIVER = """
import os, signal, sys
from goldenpath.model.secret import SecretValue
from goldenpath.providers.process import Injected, run_child
child = '''
import os, signal, sys, time
seen = []
def note(number, frame):
    seen.append(number)
    os.write(1, signal.Signals(number).name.encode() + b"\\\\n")  # print is not reentrant: the signal may come inside of it
    if number == signal.SIGTERM:
        sys.exit(40 + len(seen))
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH):
    signal.signal(number, note)
print("ready", flush=True)
while True:
    time.sleep(0.05)
'''
if len(sys.argv) > 1:
    import fcntl, termios
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
environment = {os.fsencode(k): os.fsencode(v) for k, v in os.environ.items()}
sys.exit(run_child([sys.executable, "-c", child], Injected(environment=environment)))
"""


def test_signals_reach_the_child_once_each() -> None:
    driver = subprocess.Popen([sys.executable, "-c", DRIVER], stdout=subprocess.PIPE, start_new_session=True)
    assert driver.stdout is not None
    with driver:
        assert driver.stdout.readline() == b"ready\n"
        for number in FORWARDED:
            if number != signal.SIGTERM:
                driver.send_signal(number)
                assert driver.stdout.readline().decode().strip() == number.name
        driver.send_signal(signal.SIGTERM)
        assert driver.stdout.read() == b"SIGTERM\n"
    assert driver.returncode == 40 + len(FORWARDED)


def test_interrupt_from_a_terminal_is_not_doubled() -> None:
    master, slave = os.openpty()
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, "tty"], stdin=slave, stdout=subprocess.PIPE, start_new_session=True)
    os.close(slave)
    assert driver.stdout is not None
    with driver:
        assert driver.stdout.readline() == b"ready\n"
        os.write(master, b"\x03")
        assert driver.stdout.readline() == b"SIGINT\n"
        time.sleep(0.2)
        driver.send_signal(signal.SIGTERM)
        assert driver.stdout.read() == b"SIGTERM\n"
    os.close(master)
    assert driver.returncode == 42


def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in FORWARDED]
    run_child(["true"], inject())
    assert [signal.getsignal(number) for number in FORWARDED] == before


def test_output_is_masked_on_both_streams(capfd: pytest.CaptureFixture[str]) -> None:
    canary = new_canary()
    code = run_child(
        [*SH, 'printf "%s" "out $KEY"; printf "%s\\n" "err $KEY" >&2; printf "%s" "$KEY" | base64; exit 3'], inject(KEY=canary), redact=True
    )
    shown = capfd.readouterr()
    assert code == 3
    assert hits_in((shown.out + shown.err).encode(), [canary]) == []
    assert shown.out.startswith("out ********")
    assert shown.err == "err ********\n"


def test_large_output_on_both_streams_does_not_block(capfd: pytest.CaptureFixture[str]) -> None:
    code = run_child([*SH, "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"], inject(KEY="hunter2hunter2"), redact=True)
    shown = capfd.readouterr()
    assert (code, len(shown.out), len(shown.err)) == (0, 3_000_000, 3_000_000)


def test_grandchild_that_keeps_the_output_open_does_not_keep_us(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(process_module, "_DRAIN_SECONDS", 0.1)
    started = time.monotonic()
    assert run_child([*SH, f"sleep 20 & echo $! > {tmp_path / 'pid'}; exit 5"], inject(), redact=True) == 5
    assert time.monotonic() - started < 10
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_mounted_file_is_private_exact_and_gone_afterwards(tmp_path: Path) -> None:
    path, copy = tmp_path / "value", tmp_path / "copy"
    os.umask(0)
    try:
        mount = Mount(path=path, content=SecretValue(b"a\r\n\xff="))
        code = run_child(
            [*SH, f"stat -c %a {path} > {tmp_path / 'mode'}; cat {path} > {copy}; exit 4"], Injected(environment={}, mount=mount)
        )
    finally:
        os.umask(0o022)
    assert code == 4
    assert copy.read_bytes() == b"a\r\n\xff="
    assert (tmp_path / "mode").read_text() == "600\n"
    assert not path.exists()


def test_pipe_gives_the_value_so_many_times(tmp_path: Path) -> None:
    path = tmp_path / "value"
    value = os.urandom(300_000)
    script = f"for n in 1 2 3; do test -p {path} && cat {path} > {tmp_path}/copy$n; done; test -e {path} && exit 9; cat {path} 2>/dev/null && exit 8; exit 0"
    mount = Mount(path=path, content=SecretValue(value), max_reads=3)
    assert run_child([*SH, script], Injected(environment={b"PATH": b"/bin:/usr/bin"}, mount=mount)) == 0
    assert [(tmp_path / f"copy{number}").read_bytes() == value for number in (1, 2, 3)] == [True] * 3
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize("script", ["true", "head -c 10 {path} > /dev/null", "exec 3< {path}; sleep 0.1"])
def test_pipe_that_is_not_read_to_its_end_is_removed_all_the_same(tmp_path: Path, script: str) -> None:
    path = tmp_path / "value"
    mount = Mount(path=path, content=SecretValue(os.urandom(500_000)), max_reads=2)
    run_child([*SH, script.format(path=path)], Injected(environment={b"PATH": b"/bin:/usr/bin"}, mount=mount))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("max_reads", [None, 1])
def test_mount_never_replaces_what_is_there(tmp_path: Path, max_reads: int | None) -> None:
    path = tmp_path / "value"
    for is_link in (False, True):
        if is_link:
            path.symlink_to(tmp_path / "elsewhere")
        else:
            path.touch()
        with pytest.raises(Conflict) as raised:
            run_child(["true"], Injected(environment={}, mount=Mount(path=path, content=SecretValue(b"x"), max_reads=max_reads)))
        assert raised.value.code == "exec.mount-exists"
        assert path.is_symlink() or path.read_bytes() == b""
        path.unlink()
    assert not (tmp_path / "elsewhere").exists()


def test_mount_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailable) as raised, mounted(Mount(path=tmp_path / "no" / "value", content=SecretValue(b"x"))):
        raise AssertionError("never entered")
    assert raised.value.code == "exec.mount-unwritable"


def test_mount_is_removed_when_the_program_cannot_start(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELFnot really")
    program.chmod(0o755)
    with pytest.raises(Misconfigured):
        run_child([str(program)], Injected(environment={}, mount=Mount(path=tmp_path / "value", content=SecretValue(b"x"))))
    assert not (tmp_path / "value").exists()


def versions(*answers: Injected | GoldenpathError | None) -> Callable[[], Injected | None]:
    left = list(answers)

    def poll() -> Injected | None:
        answer = left.pop(0) if left else None
        if isinstance(answer, GoldenpathError):
            raise answer
        return answer

    return poll


def watch(*answers: Injected | GoldenpathError | None, grace: float = 5.0) -> Watch:
    return Watch(poll=versions(*answers), interval_seconds=0.05, settle_seconds=0.05, grace_seconds=grace)


def counting(tmp_path: Path, then: str = "sleep 20") -> list[str]:
    return [*SH, f'echo "$KEY" >> {tmp_path / "log"}; test "$KEY" = last && exit 6; {then}']


def test_changed_values_start_the_program_again_once_they_settle(tmp_path: Path) -> None:
    told: list[str] = []
    polls = watch(None, ProviderUnavailable("store.down", "away"), inject(KEY="two"), inject(KEY="three"), None, None, inject(KEY="last"))
    code = run_child(counting(tmp_path), inject(KEY="one"), watch=polls, progress=told.append)
    assert code == 6
    assert (tmp_path / "log").read_text().split() == ["one", "three", "last"]
    assert len(told) == 2


def test_program_that_ignores_term_is_killed_before_the_restart(tmp_path: Path) -> None:
    stubborn = textwrap.dedent("""
        trap '' TERM
        while true; do sleep 0.05; done
    """)
    code = run_child(counting(tmp_path, stubborn), inject(KEY="one"), watch=watch(inject(KEY="last"), None, grace=0.3))
    assert code == 6
    assert (tmp_path / "log").read_text().split() == ["one", "last"]


def test_denied_read_stops_the_program_and_is_raised(tmp_path: Path) -> None:
    script = [*SH, f"echo $$ > {tmp_path / 'pid'}; exec sleep 20"]
    with pytest.raises(AccessDenied):
        run_child(script, inject(), watch=watch(None, None, AccessDenied("store.denied", "no")))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_program_that_ends_by_itself_is_not_started_again(tmp_path: Path) -> None:
    assert run_child([*SH, "exit 3"], inject(KEY="one"), watch=watch(*[inject(KEY="two")] * 3)) == 3


def test_mount_follows_the_restart(tmp_path: Path) -> None:
    path = tmp_path / "value"

    def with_mount(text: str) -> Injected:
        base = inject(KEY=text)
        return Injected(environment=base.environment, secrets=base.secrets, mount=Mount(path=path, content=SecretValue(text.encode())))

    script = [*SH, f'cat {path} >> {tmp_path / "log"}; echo >> {tmp_path / "log"}; test "$KEY" = last && exit 6; sleep 20']
    assert run_child(script, with_mount("one"), watch=watch(None, with_mount("last"), None)) == 6
    assert (tmp_path / "log").read_text().split() == ["one", "last"]
    assert not path.exists()


def test_runs_outside_the_main_thread_too() -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(run_child([*SH, "exit 9"], inject())))
    thread.start()
    thread.join()
    assert codes == [9]


def test_mode_of_the_pipe_is_private(tmp_path: Path) -> None:
    with mounted(Mount(path=tmp_path / "value", content=SecretValue(b"x"), max_reads=1)):
        assert stat.S_IMODE((tmp_path / "value").stat().st_mode) == 0o600
