"""Signs with ``ssh-keygen`` and checks with git's own SSH verification. Keeps nothing: every file is temporary and private.

Checking happens in an empty repository made for it, so neither the configuration nor the objects of the repository
under review take part, and checking never writes into it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from goldenpath.errors import Misconfigured, ProviderUnavailable
from goldenpath.ports.repository import SignatureCheck
from goldenpath.providers.git.command import Git, no_scratch_space, scratch_folder
from goldenpath.providers.git.signers import AllowedSigners, allowed_signers
from goldenpath.providers.git.statement import Statement, parse_signed

_SIGN_SECONDS = 120.0
_LITERAL_KEY = re.compile(r"(?:key::)?(?P<line>(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+)(?: .*)?", re.ASCII)
_MATCHED = re.compile(r'^Good "git" signature for (?P<who>signer-[0-9]+) with \S+ key (?P<key>SHA256:\S+)$', re.MULTILINE)
_UNMATCHED = re.compile(r'^Good "git" signature with \S+ key (?P<key>SHA256:\S+)$', re.MULTILINE)
_SHA256_LENGTH = 64


def sign(text: bytes, signing_key: str) -> bytes:
    """Return ``text`` with the SSH signature that git would append to a tag.

    Args:
        text: The bytes to sign.
        signing_key: A private key file, a public key file whose private half the ssh agent holds, or a public key line (agent too).

    Raises:
        Misconfigured: ``git.ssh-keygen-missing``, ``git.signing-key-missing`` or ``git.signing-failed``.
        ProviderUnavailable: ``git.timeout`` when nobody answers a passphrase prompt.
    """
    _require_ssh_keygen()
    with scratch_folder() as folder:
        key = _key_file(signing_key, folder)
        return text + _ssh_keygen_sign(text, key)


def _key_file(signing_key: str, folder: Path) -> Path:
    literal = _LITERAL_KEY.fullmatch(signing_key.strip())
    if literal:
        file = folder / "key.pub"
        file.write_text(literal["line"] + "\n", "ascii")
        return file
    file = Path(os.path.expanduser(signing_key)).absolute()  # noqa: PTH111 - a name that starts with ~ but is no user stays as it is
    if not signing_key or not file.is_file():
        raise Misconfigured(
            "git.signing-key-missing",
            "the signing key is not a file",
            subject=signing_key,
            hint="name an SSH private key, or a public key that your agent holds (git config user.signingKey)",
        )
    return file


def _ssh_keygen_sign(text: bytes, key: Path) -> bytes:
    argv = ["ssh-keygen", "-Y", "sign", "-n", "git", "-f", str(key)]
    try:
        done = subprocess.run(argv, input=text, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_SIGN_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise ProviderUnavailable("git.timeout", f"ssh-keygen did not sign within {_SIGN_SECONDS:g} seconds", subject=str(key)) from None
    if done.returncode or not done.stdout.startswith(b"-----BEGIN SSH SIGNATURE-----\n"):
        raise Misconfigured(
            "git.signing-failed",
            f"ssh-keygen could not sign (status {done.returncode})",
            subject=str(key),
            hint="is the key's file mode 0600, its passphrase right, and for a public key the agent running (`ssh-add -l`)?",
        )
    return done.stdout


def check(signed: bytes, people: Mapping[str, Sequence[str]]) -> tuple[SignatureCheck, Statement | None]:
    """Check a signed object against {principal: public keys}; whatever is wrong with it is a reason, never an exception.

    Raises:
        Misconfigured: ``git.ssh-keygen-missing``: without it nothing could be said.
    """
    _require_ssh_keygen()
    statement = parse_signed(signed)
    if statement is None:
        return SignatureCheck(is_valid=False, reason="malformed: not an approval with one SSH signature"), None
    signers = allowed_signers(people)
    with scratch_folder() as folder:
        words = _verify_tag(signed, statement, signers, folder)
    return _judge(words, signers), statement


def _verify_tag(signed: bytes, statement: Statement, signers: AllowedSigners, folder: Path) -> tuple[bool, str]:
    """Return (git accepts it, what ssh-keygen said)."""
    alone = {"GIT_CONFIG_GLOBAL": os.devnull}
    kind = "sha256" if len(statement.commit) == _SHA256_LENGTH else "sha1"
    store = folder / "check.git"
    file = folder / "allowed_signers"
    try:
        file.touch(mode=0o600)
        file.write_text(signers.text, "ascii")
    except OSError as error:
        raise no_scratch_space(error) from None
    Git(folder=str(folder)).run("init", "--quiet", "--bare", "--template=", f"--object-format={kind}", str(store), environment=alone)
    git = Git(folder=str(store), git_dir=str(store))
    written = git.run("hash-object", "-t", "tag", "-w", "--stdin", stdin=signed, environment=alone, allowed=(0, 1, 128))
    if written.status:
        return False, ""
    settings = {
        "gpg.format": "ssh",
        "gpg.ssh.program": "ssh-keygen",
        "gpg.ssh.allowedSignersFile": str(file),
        "gpg.minTrustLevel": "fully",
    }
    answer = git.run("verify-tag", "--raw", written.line, environment=alone, settings=settings, allowed=range(256), keep_errors=True)
    return answer.status == 0, answer.errors.decode("utf-8", "replace")


def _judge(words: tuple[bool, str], signers: AllowedSigners) -> SignatureCheck:
    is_accepted, text = words
    matched = _MATCHED.findall(text)
    if not is_accepted or len(matched) != 1:
        unmatched = _UNMATCHED.search(text)
        if unmatched:
            return SignatureCheck(is_valid=False, fingerprint=unmatched["key"], reason="unknown signer: no approver lists this key")
        return SignatureCheck(is_valid=False, reason="bad signature: it does not fit the text, the namespace or an allowed kind of key")
    token, fingerprint = matched[0]
    if len(signers.owners(fingerprint)) != 1:
        return SignatureCheck(is_valid=False, fingerprint=fingerprint, reason="ambiguous signer: several approvers list this key")
    return SignatureCheck(is_valid=True, principal=signers.principal(token), fingerprint=fingerprint)


def _require_ssh_keygen() -> None:
    if shutil.which("ssh-keygen") is None:
        raise Misconfigured("git.ssh-keygen-missing", "ssh-keygen is not on PATH", hint="install the OpenSSH client, 8.2 or newer")
