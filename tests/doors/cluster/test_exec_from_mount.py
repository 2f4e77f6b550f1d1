"""``goldenpath exec --from-mount``: a program gets the keys of a mounted Secret, and is started again when the kubelet swaps them."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.canary import hits_in, new_canary
from tests.mounted_volume import MountedVolume

GOLDENPATH = (sys.executable, "-m", "goldenpath")


@pytest.fixture
def volume(tmp_path: Path) -> MountedVolume:
    made = MountedVolume(tmp_path / "mount")
    made.write({"USERNAME": b"app", "PASSWORD": b"s3cr3t\n==", "tls.key": b"-----"})
    return made


def run(volume: MountedVolume, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [*GOLDENPATH, "exec", "--from-mount", str(volume.folder), *arguments]
    return subprocess.run(command, cwd=cwd or volume.folder.parent, capture_output=True, check=False, timeout=120)


def test_the_program_gets_the_keys_and_no_platform_is_needed(volume: MountedVolume) -> None:
    done = run(volume, "--only", "USERNAME", "--only", "PASSWORD", "--", "sh", "-c", 'printf "%s|%s" "$USERNAME" "$PASSWORD"; exit 7')
    assert (done.returncode, done.stdout, done.stderr) == (7, b"app|s3cr3t\n==", b"")
    assert not (volume.folder.parent / ".goldenpath").exists(), "nothing is recorded or made"


def test_what_cannot_be_a_variable_is_refused_unless_left_out(volume: MountedVolume) -> None:
    done = run(volume, "--", "true")
    assert (done.returncode, b"[exec.name-invalid]" in done.stderr) == (2, True)
    missing = run(volume, "--only", "TOKEN", "--", "true")
    assert (missing.returncode, b"[exec.key-missing]" in missing.stderr) == (6, True)
    assert run(volume, "--only", "TOKEN", "--allow-missing", "--", "true").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code"), [((), b"cli."), (("--reason", "x", "--", "true"), b"cli."), (("--max-reads", "1", "--", "true"), b"cli.")]
)
def test_options_that_do_not_go_together(volume: MountedVolume, arguments: tuple[str, ...], code: bytes) -> None:
    done = run(volume, *arguments)
    assert (done.returncode, code in done.stderr) == (2, True)


def test_a_request_still_needs_an_id_and_a_program(tmp_path: Path) -> None:
    for arguments in (("exec",), ("exec", "SEC-0007"), ("exec", "--", "./server")):
        done = subprocess.run([*GOLDENPATH, *arguments], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 2, done


def test_a_missing_mount_is_no_empty_value(volume: MountedVolume) -> None:
    volume.write({})
    done = run(volume, "--", "true")
    assert (done.returncode, b"[mount.empty]" in done.stderr) == (6, True)


def test_the_file_of_all_keys_can_be_shown_too(volume: MountedVolume) -> None:
    volume.write({"USERNAME": b"app"})
    file = volume.folder.parent / "keys.json"
    done = run(volume, "--mount", str(file), "--", "cat", str(file))
    assert (done.returncode, done.stdout, file.exists()) == (0, b'{"USERNAME":"app"}', False)


def test_a_swap_starts_the_program_again(volume: MountedVolume) -> None:
    """The whole way: the poll sees the swap, the program gets TERM, and runs again with the new values."""
    said = volume.folder.parent / "said"
    script = f'echo "$PASSWORD" >> {said}; trap "exit 0" TERM; [ "$PASSWORD" = new ] && exit 9; while :; do sleep 0.1; done'
    volume.write({"PASSWORD": b"old"})
    command = [*GOLDENPATH, "exec", "--from-mount", str(volume.folder), "--watch", "--", "sh", "-c", script]
    with subprocess.Popen(command, cwd=volume.folder.parent, stderr=subprocess.PIPE) as child:
        try:
            ends = time.monotonic() + 60
            while not said.exists() and time.monotonic() < ends:
                time.sleep(0.1)
            volume.write({"PASSWORD": b"new"})
            code = child.wait(120)
        finally:
            child.kill()
    assert (code, said.read_text().split()) == (9, ["old", "new"])


def test_no_value_is_seen_but_by_the_program(volume: MountedVolume) -> None:
    canaries = ["pem-" + new_canary("one") + "\npem-" + new_canary("two"), new_canary("user")]
    volume.write({"PASSWORD": canaries[0].encode(), "USERNAME": canaries[1].encode()})
    heard = b""
    for arguments in (("-v", "--debug"), ("-o", "json"), ("--redact",)):
        for command in (("true",), ("no-such-program",), ("sh", "-c", "exit 3")):
            done = run(volume, *arguments, "--", *command)
            heard += done.stdout + done.stderr
    current = volume.folder / (volume.folder / "..data").readlink()
    (current / "link").symlink_to("/etc/hostname")
    heard += run(volume, "--debug", "--", "true").stderr
    assert b"mode 0" in heard, "-v tells who may read the files"
    assert hits_in(heard, canaries) == []
    redacted = run(volume, "--only", "USERNAME", "--redact", "--", "printenv", "USERNAME")
    assert hits_in(redacted.stdout, canaries) == []
