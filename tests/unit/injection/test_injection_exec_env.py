"""A child gets exactly the declared keys, under names that cannot steer it; its environment never prints a value."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import pytest
from tests.canary import hits_in, new_canary

from goldenpath.errors import InvalidIntent, NotFound
from goldenpath.injection.exec_env import ENTRY_BYTES_MAX, build_environment, is_steering
from goldenpath.model.secret import SecretValue

VALUES = {"USERNAME": SecretValue(b"u"), "PASSWORD": SecretValue(b"p=q\n\xff"), "EXTRA": SecretValue(b"e")}
PARENT = {"PATH": "/bin", "LANG": "C", "USERNAME": "old", "ODD": "\udcff"}
DECLARED = ("USERNAME", "PASSWORD")


def names(**options: object) -> set[bytes]:
    return set(build_environment(VALUES, PARENT, declared=DECLARED, **options).reveal())  # type: ignore[arg-type]


def test_exactly_the_declared_keys_are_added() -> None:
    child = build_environment(VALUES, PARENT, declared=DECLARED)
    assert child.reveal() == {b"PATH": b"/bin", b"LANG": b"C", b"USERNAME": b"u", b"ODD": b"\xff", b"PASSWORD": b"p=q\n\xff"}
    assert child.injected == ("PASSWORD", "USERNAME")


def test_options_choose_and_rename() -> None:
    assert names(is_pristine=True) == {b"USERNAME", b"PASSWORD"}
    assert names(is_pristine=True, only=["PASSWORD", "PASSWORD"]) == {b"PASSWORD"}
    assert names(is_pristine=True, prefix="DB_") == {b"DB_USERNAME", b"DB_PASSWORD"}
    assert build_environment(VALUES, {}).injected == ("EXTRA", "PASSWORD", "USERNAME")


def test_a_missing_key_fails_unless_it_may() -> None:
    with pytest.raises(NotFound) as missing:
        build_environment({}, {}, declared=DECLARED)
    assert (missing.value.code, missing.value.subject) == ("exec.key-missing", "USERNAME, PASSWORD")
    assert build_environment({"PASSWORD": SecretValue(b"p")}, {}, declared=DECLARED, allow_missing=True).reveal() == {b"PASSWORD": b"p"}


def test_only_declared_keys_can_be_chosen() -> None:
    with pytest.raises(InvalidIntent) as refused:
        build_environment(VALUES, {}, declared=DECLARED, only=["EXTRA"])
    assert refused.value.code == "exec.key-unknown"


STEERING = [
    "PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "LD_ANYTHING", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "ENV", "IFS", "PS4", "PROMPT_COMMAND",
    "BASH_FUNC_x", "SHELLOPTS", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PYTHONINSPECT", "PERL5OPT", "RUBYOPT", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS", "GIT_SSH_COMMAND", "GIT_CONFIG_COUNT", "GIT_CONFIG_GLOBAL", "GCONV_PATH", "HOME", "SHELL", "EDITOR", "OPENSSL_CONF", "SSLKEYLOGFILE",
]  # fmt: skip


@pytest.mark.parametrize("name", STEERING)
def test_names_that_steer_a_program_are_refused_also_when_a_prefix_makes_them(name: str) -> None:
    with pytest.raises(InvalidIntent) as refused:
        build_environment({name: SecretValue(b"x")}, {}, declared=[name])
    assert refused.value.code == "exec.name-refused"
    head, tail = name[:2], name[2:]
    if tail and not tail[0].isdigit():
        with pytest.raises(InvalidIntent):
            build_environment({tail: SecretValue(b"x")}, {}, declared=[tail], prefix=head)
    assert build_environment({name: SecretValue(b"x")}, {}, declared=[name], prefix="APP_").injected == (f"APP_{name}",)


@pytest.mark.parametrize(
    "name", ["DATABASE_URL", "user", "path", "home", "PYTHON_INDEX_TOKEN", "LDAP_PASSWORD", "GIT_TOKEN", "PATHS", "HTTPS_PROXY"]
)
def test_ordinary_names_are_taken(name: str) -> None:
    assert not is_steering(name)
    assert build_environment({name: SecretValue(b"x")}, {}).injected == (name,)


@pytest.mark.parametrize("name", ["tls.crt", "a-b", "9X", "", "a b", "a=b", "é", "a\n"])
def test_names_that_a_shell_loses_are_refused(name: str) -> None:
    with pytest.raises(InvalidIntent) as refused:
        build_environment({name: SecretValue(b"x")}, {}, declared=[name, "OTHER"], allow_missing=True)
    assert refused.value.code == "exec.name-invalid"


@pytest.mark.parametrize("raw", [b"a\x00b", b"\x00", b"x" * ENTRY_BYTES_MAX])
def test_values_that_the_system_cannot_pass_are_refused_unseen(raw: bytes) -> None:
    with pytest.raises(InvalidIntent) as refused:
        build_environment({"KEY": SecretValue(raw)}, {})
    assert refused.value.code == "exec.value-unfit"
    assert "xxx" not in str(refused.value)


def test_the_longest_entry_reaches_a_real_child() -> None:
    raw = b"y" * (ENTRY_BYTES_MAX - len(b"KEY="))
    child = build_environment({"KEY": SecretValue(raw)}, {"LC_ALL": "C"}, is_pristine=True)
    code = "import os; os.write(1, os.environb[b'KEY'])"
    done = subprocess.run([sys.executable, "-c", code], env=child.reveal(), capture_output=True, check=True)
    assert done.stdout == raw


def test_the_environment_does_not_print_or_travel() -> None:
    canary = new_canary()
    child = build_environment({"KEY": SecretValue(canary.encode())}, {})
    assert hits_in(f"{child} {child!r} {child.injected}".encode(), [canary]) == []
    with pytest.raises(TypeError):
        pickle.dumps(child)
    assert child.reveal() == {b"KEY": os.fsencode(canary)}
