"""Builds the environment of a child process from a secret's values: exactly the declared keys, under names that cannot harm (pure).

Names that steer a program instead of informing it (the loader's, a shell's, an interpreter's) are refused: who may write such a
secret could otherwise run code in every reader.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NoReturn

from goldenpath.errors import InvalidIntent, NotFound
from goldenpath.model.secret import MASK, SecretValue

ENTRY_BYTES_MAX: Final = 131_071
"""Linux takes no longer ``NAME=value`` (MAX_ARG_STRLEN less the final NUL)."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STEERING_PREFIXES: Final = ("LD_", "DYLD_", "BASH_FUNC_", "GIT_CONFIG", "MALLOC_", "GLIBC_")
_PYTHON: Final = re.compile(r"PYTHON[A-Z]+")
_STEERING: Final = frozenset(
    {
        *("PATH", "IFS", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "PS4", "PROMPT_COMMAND", "CDPATH", "SHELL", "HOME"),
        *("TMPDIR", "EDITOR", "VISUAL", "PAGER", "LESSOPEN", "LESSCLOSE", "GCONV_PATH", "LOCPATH", "NLSPATH", "HOSTALIASES"),
        *("RESOLV_HOST_CONF", "RES_OPTIONS", "GETCONF_DIR", "TZDIR", "NODE_OPTIONS", "NODE_PATH", "NODE_EXTRA_CA_CERTS"),
        *("PERL5LIB", "PERL5OPT", "PERLLIB", "PERL5DB", "RUBYOPT", "RUBYLIB", "GEM_PATH", "GEM_HOME", "LUA_INIT", "LUA_PATH", "PHPRC"),
        *("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH", "DOTNET_STARTUP_HOOKS", "CORECLR_PROFILER"),
        *("GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR", "GIT_PROXY_COMMAND", "GIT_EXTERNAL_DIFF", "SSH_ASKPASS"),
        *("OPENSSL_CONF", "OPENSSL_MODULES", "SSLKEYLOGFILE"),
    }
)


class ChildEnvironment:
    """The variables of a child process; prints only names, and the values leave by :meth:`reveal` alone."""

    __slots__ = ("__variables", "injected")

    def __init__(self, variables: Mapping[bytes, bytes], injected: tuple[str, ...]) -> None:
        self.__variables = dict(variables)
        self.injected = injected

    def __repr__(self) -> str:
        return f"ChildEnvironment(injected={self.injected!r}, values={MASK})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a child's environment holds values and cannot be pickled or copied")

    def reveal(self) -> dict[bytes, bytes]:
        """Return the variables as the operating system takes them."""
        return dict(self.__variables)


def build_environment(
    values: Mapping[str, SecretValue],
    parent: Mapping[str, str],
    *,
    declared: Iterable[str] = (),
    only: Sequence[str] = (),
    prefix: str = "",
    is_pristine: bool = False,
    allow_missing: bool = False,
) -> ChildEnvironment:
    """Return the child's environment.

    Args:
        values: The secret's values by key.
        parent: The environment of this process; a variable of the same name is replaced.
        declared: The keys that the request declares; none means whatever the secret holds.
        only: The keys wanted instead of all declared ones.
        prefix: Put before every name.
        is_pristine: Pass on nothing of ``parent``, ``PATH`` included.
        allow_missing: Leave a key without value out instead of failing.

    Raises:
        InvalidIntent: ``exec.key-unknown``, ``exec.name-invalid``, ``exec.name-refused``, ``exec.value-unfit``.
        NotFound: ``exec.key-missing``.
    """
    known = tuple(dict.fromkeys(declared)) or tuple(values)
    wanted = tuple(dict.fromkeys(only)) or known
    _require_known(wanted, known)
    missing = [key for key in wanted if key not in values]
    if missing and not allow_missing:
        raise NotFound(
            "exec.key-missing",
            f"the secret has no value for {', '.join(missing)}",
            subject=", ".join(missing),
            hint="give the values with `goldenpath seed`, or pass --allow-missing",
        )
    names = {key: prefix + key for key in wanted if key in values}
    _require_safe(names.values())
    injected = {os.fsencode(name): _entry(key, name, values[key]) for key, name in names.items()}
    inherited = {} if is_pristine else {os.fsencode(name): os.fsencode(text) for name, text in parent.items()}
    return ChildEnvironment({**inherited, **injected}, tuple(sorted(names.values())))


def _require_known(wanted: Sequence[str], known: Sequence[str]) -> None:
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        raise InvalidIntent(
            "exec.key-unknown",
            f"the request declares no key {', '.join(map(ascii, unknown))}; expected of {', '.join(sorted(known)) or '(none)'}",
            hint="only declared keys are injected",
        )


def _require_safe(names: Iterable[str]) -> None:
    ordered = sorted(names)
    invalid = [name for name in ordered if not _NAME.fullmatch(name)]
    if invalid:
        raise InvalidIntent(
            "exec.name-invalid",
            f"no environment variable can be named {', '.join(map(ascii, invalid))}",
            hint="choose the other keys with --only; a variable's name has letters, digits and '_' and begins with no digit",
        )
    refused = [name for name in ordered if is_steering(name)]
    if refused:
        raise InvalidIntent(
            "exec.name-refused",
            f"{', '.join(refused)} would steer the program instead of informing it",
            hint="pass --prefix, or leave the key out with --only",
        )


def is_steering(name: str) -> bool:
    """Say whether a variable of this name makes a loader, shell or interpreter do something else."""
    return name in _STEERING or name.startswith(_STEERING_PREFIXES) or _PYTHON.fullmatch(name) is not None


def _entry(key: str, name: str, value: SecretValue) -> bytes:
    raw = value.reveal()
    if b"\x00" in raw or len(name) + 1 + len(raw) > ENTRY_BYTES_MAX:
        raise InvalidIntent(
            "exec.value-unfit",
            f"the value of {key} cannot be an environment variable: it holds a NUL byte or is over {ENTRY_BYTES_MAX} bytes",
            subject=key,
            hint="leave the key out with --only, and let the program read it another way",
        )
    return raw
