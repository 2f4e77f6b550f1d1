from __future__ import annotations

import base64
import os
import shutil
import stat
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders import FakeClock, FakeEntropy
from tests.gitrepo import GitRepo, SshKey, git_environment, keygen

from goldenpath.errors import Conflict, InvalidIntent, Misconfigured, NotFound
from goldenpath.providers.git import notes as notes_module
from goldenpath.providers.git.command import Finished, Git
from goldenpath.providers.git.notes import NOTES_REF, GitApprovalNotes
from goldenpath.providers.git.signers import allowed_signers, parse_public_key
from goldenpath.providers.git.statement import parse_signed, unsigned_text
from goldenpath.providers.git.writing import Signature
from goldenpath.providers.system import SystemClock, SystemEntropy

PAYLOAD = b'{"change_digest":"sha256:00","approver":"carol"}'


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SshKey]:
    folder = tmp_path_factory.mktemp("keys")
    return {name: keygen(folder / name) for name in ("carol", "dave", "mallory")}


@pytest.fixture
def notes(repo: GitRepo) -> GitApprovalNotes:
    repo.commit()
    return GitApprovalNotes(repo.path, clock=FakeClock(), entropy=FakeEntropy())


def approve(notes: GitApprovalNotes, key: SshKey, commit: str = "HEAD", payload: bytes = PAYLOAD, name: str = "Carol") -> str:
    signed = notes.sign(commit, payload, signing_key=str(key.path), name=name, email="carol@example.com")
    return notes.add(commit, signed, name=name, email="carol@example.com")


def test_signing_alone_stores_nothing(repo: GitRepo, notes: GitApprovalNotes, keys: dict[str, SshKey]) -> None:
    signed = notes.sign("HEAD", PAYLOAD, signing_key=str(keys["carol"].path), name="Carol", email="carol@example.com")
    check, payload, _commit = notes.verify(signed, {"carol": [keys["carol"].public]})
    assert (check.is_valid, payload) == (True, PAYLOAD)
    assert (notes.list_signed("HEAD"), repo.git("for-each-ref", "refs/notes")) == ((), "")


def ssh_sign(text: bytes, key: SshKey, namespace: str = "git") -> bytes:
    argv = ["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", str(key.path)]
    return text + subprocess.run(argv, input=text, capture_output=True, check=True).stdout


def tag_text(commit: str, payload: bytes = PAYLOAD) -> bytes:
    return unsigned_text(commit, payload, Signature(name="Carol", email="carol@example.com", time=1))


def test_statement_goes_round(repo: GitRepo, notes: GitApprovalNotes, keys: dict[str, SshKey]) -> None:
    oid = approve(notes, keys["carol"])
    (signed,) = notes.list_signed("HEAD")
    check, payload, commit = notes.verify(signed, {"dave": [keys["dave"].public], "carol": [keys["mallory"].public, keys["carol"].public]})
    assert (check.is_valid, check.principal, check.reason) == (True, "carol", "")
    fingerprint = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(keys["carol"].path)], capture_output=True, check=True, text=True
    ).stdout.split()[1]
    assert check.fingerprint == fingerprint
    assert (payload, commit) == (PAYLOAD, repo.head())
    assert repo.git("hash-object", "-t", "tag", "--stdin", stdin=signed) == oid
    assert notes.annotated_commits() == (repo.head(),)


def test_git_itself_accepts_the_object_as_a_signed_tag(
    repo: GitRepo, notes: GitApprovalNotes, keys: dict[str, SshKey], tmp_path: Path
) -> None:
    approve(notes, keys["carol"])
    line = repo.git("notes", "--ref=goldenpath-approvals", "show", "HEAD")
    oid = repo.git("hash-object", "-t", "tag", "-w", "--stdin", stdin=base64.b64decode(line))
    (tmp_path / "signers").write_text(f"carol {keys['carol'].public}\n")
    repo.git("-c", f"gpg.ssh.allowedSignersFile={tmp_path / 'signers'}", "verify-tag", oid)
    assert repo.git("cat-file", "-p", oid).startswith(f"object {repo.head()}\ntype commit\ntag goldenpath-approval\n")
    assert repo.git("fsck", "--strict", "--no-dangling") == ""


def test_verifying_writes_nothing_into_the_repository(repo: GitRepo, notes: GitApprovalNotes, keys: dict[str, SshKey]) -> None:
    approve(notes, keys["carol"])
    (signed,) = notes.list_signed("HEAD")
    before = sorted(repo.path.rglob("*"))
    assert notes.verify(signed, {"carol": [keys["carol"].public]})[0].is_valid
    assert sorted(repo.path.rglob("*")) == before


def test_existing_notes_are_kept_and_the_same_line_is_not_doubled(repo: GitRepo, notes: GitApprovalNotes, keys: dict[str, SshKey]) -> None:
    approve(notes, keys["carol"])
    approve(notes, keys["dave"], name="Dave")
    tip = repo.head(NOTES_REF)
    approve(notes, keys["carol"])
    assert repo.head(NOTES_REF) == tip
    assert len(notes.list_signed("HEAD")) == 2
    assert len(repo.git("log", "--format=%H", NOTES_REF).split()) == 2


def test_commit_without_notes_and_missing_commit(notes: GitApprovalNotes) -> None:
    assert notes.list_signed("HEAD") == ()
    assert notes.annotated_commits() == ()
    with pytest.raises(NotFound):
        notes.list_signed("f" * 40)


def test_notes_that_git_spread_over_folders_are_found_and_kept(repo: GitRepo, notes: GitApprovalNotes, keys: dict[str, SshKey]) -> None:
    commit = repo.head()
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"old line\n")
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{commit[:2]}/{commit[2:]}")
    tip = repo.git("commit-tree", "-m", "x", repo.git("write-tree"), env=repo._who(("A", "a@b"), ("A", "a@b"), 1))
    repo.git("update-ref", NOTES_REF, tip)
    approve(notes, keys["carol"])
    assert notes.list_signed(commit)[0] == b"old line"
    assert len(notes.list_signed(commit)) == 2
    assert repo.files(NOTES_REF) == [f"{commit[:2]}/{commit[2:]}"]


def test_notes_of_two_clones_merge_with_plain_git(repo: GitRepo, keys: dict[str, SshKey], tmp_path: Path) -> None:
    repo.commit()
    clones = [GitRepo.clone(repo.path, tmp_path / name) for name in ("one", "two")]
    for clone, name in zip(clones, ("carol", "dave"), strict=True):
        approve(GitApprovalNotes(clone.path, clock=FakeClock(), entropy=FakeEntropy()), keys[name], name=name)
    clones[0].git("fetch", "-q", str(clones[1].path), f"{NOTES_REF}:refs/notes/other")
    clones[0].git(
        "notes", "--ref=goldenpath-approvals", "merge", "-q", "-s", "cat_sort_uniq", "other", env=repo._who(("A", "a@b"), ("A", "a@b"), 1)
    )
    merged = GitApprovalNotes(clones[0].path, clock=FakeClock(), entropy=FakeEntropy())
    people = {name: [keys[name].public] for name in ("carol", "dave")}
    assert {merged.verify(signed, people)[0].principal for signed in merged.list_signed("HEAD")} == {"carol", "dave"}


def test_concurrent_approvers_lose_nothing(repo: GitRepo, tmp_path: Path) -> None:
    repo.commit()
    people = [keygen(tmp_path / f"key{number}") for number in range(6)]

    def run(key: SshKey) -> None:
        approve(GitApprovalNotes(repo.path, clock=SystemClock(), entropy=SystemEntropy()), key)

    threads = [threading.Thread(target=run, args=(key,)) for key in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    notes = GitApprovalNotes(repo.path, clock=FakeClock(), entropy=FakeEntropy())
    allowed = {f"p{number}": [key.public] for number, key in enumerate(people)}
    assert {notes.verify(signed, allowed)[0].principal for signed in notes.list_signed("HEAD")} == set(allowed)


def test_locked_ref_is_a_conflict_after_bounded_tries(
    repo: GitRepo, notes: GitApprovalNotes, keys: dict[str, SshKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes_module, "ATTEMPTS", 2)
    lock = repo.path / ".git" / (NOTES_REF + ".lock")
    lock.parent.mkdir(parents=True)
    lock.touch()
    with pytest.raises(Conflict) as raised:
        approve(notes, keys["carol"])
    assert raised.value.code == "git.notes-race"
    assert notes.list_signed("HEAD") == ()


class Killed(BaseException):
    """The process ends here."""


def test_killed_before_any_git_command_loses_no_note_and_leaves_no_half_one(
    repo: GitRepo, notes: GitApprovalNotes, keys: dict[str, SshKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    approve(notes, keys["carol"])
    real = Git.run
    number, is_finished = 0, False
    while not is_finished:
        left = number

        def run(self: Git, *arguments: str, **options: Any) -> Finished:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return real(self, *arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr(Git, "run", run)
            try:
                approve(notes, keys["dave"], name="Dave")
                is_finished = True
            except Killed:
                number += 1
        assert len(notes.list_signed("HEAD")) in {1, 2}
        assert repo.git("fsck", "--strict", "--no-dangling") == ""
    assert number > 5
    approve(notes, keys["dave"], name="Dave")
    people = {name: [keys[name].public] for name in ("carol", "dave")}
    assert [notes.verify(signed, people)[0].principal for signed in notes.list_signed("HEAD")] == ["carol", "dave"]


def test_unknown_signer_is_named_by_fingerprint(notes: GitApprovalNotes, keys: dict[str, SshKey]) -> None:
    approve(notes, keys["mallory"])
    (signed,) = notes.list_signed("HEAD")
    check, payload, _commit = notes.verify(signed, {"carol": [keys["carol"].public]})
    assert not check.is_valid
    assert check.principal == ""
    assert check.fingerprint.startswith("SHA256:")
    assert check.reason.startswith("unknown signer")
    assert payload == PAYLOAD
    assert not notes.verify(signed, {})[0].is_valid


def tampered(signed: bytes, commit: str, keys: dict[str, SshKey]) -> dict[str, bytes]:
    text = signed[: signed.index(b"-----BEGIN")]
    signature = signed[len(text) :]
    other = tag_text(commit, b'{"other":1}')
    return {
        "payload": signed.replace(b"carol", b"mallo"),
        "object line": signed.replace(commit.encode(), b"0" * 40),
        "tagger line": signed.replace(b"tagger Carol", b"tagger Mario"),
        "no signature": text,
        "empty": b"",
        "noise": b"\xff\x00" * 50,
        "signature only": signature,
        "signature of another text": other + signature,
        "signature cut": signed[:-60],
        "two signatures": signed + signature,
        "text after the signature": signed + b"more\n",
        "signature line in the payload": text + b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n" + signature,
        "pgp": text + b"-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n",
        "damaged base64": text + b"-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n",
        "other namespace": ssh_sign(text, keys["carol"], "file"),
        "other tag": ssh_sign(text.replace(b"tag goldenpath-approval", b"tag v1.0.0"), keys["carol"]),
        "of a blob": ssh_sign(text.replace(b"type commit", b"type blob"), keys["carol"]),
        "extra header": ssh_sign(text.replace(b"tagger ", b"x y\ntagger "), keys["carol"]),
        "huge": ssh_sign(text + b"x" * 100_000, keys["carol"]),
        "bad tagger": ssh_sign(text.replace(b"carol@example.com> 1768478400 +0000", b"x"), keys["carol"]),
    }


def test_every_kind_of_tampering_is_a_reason_not_an_exception(repo: GitRepo, notes: GitApprovalNotes, keys: dict[str, SshKey]) -> None:
    approve(notes, keys["carol"])
    (signed,) = notes.list_signed("HEAD")
    for name, forged in tampered(signed, repo.head(), keys).items():
        check, _payload, _commit = notes.verify(forged, {"carol": [keys["carol"].public]})
        assert not check.is_valid, name
        assert check.reason, name
        assert check.principal == "", name


def test_sha1_rsa_signature_does_not_count(notes: GitApprovalNotes, repo: GitRepo) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    text = tag_text(repo.head())
    digest = hashes.Hash(hashes.SHA512())
    digest.update(text)

    def field(part: bytes) -> bytes:
        return len(part).to_bytes(4, "big") + part

    signed_data = b"SSHSIG" + field(b"git") + field(b"") + field(b"sha512") + field(digest.finalize())
    blob = base64.b64decode(public.split()[1])
    for name, algorithm, expected in ((b"ssh-rsa", hashes.SHA1(), False), (b"rsa-sha2-512", hashes.SHA512(), True)):  # noqa: S303
        raw = private.sign(signed_data, padding.PKCS1v15(), algorithm)
        body = (
            b"SSHSIG"
            + (1).to_bytes(4, "big")
            + field(blob)
            + field(b"git")
            + field(b"")
            + field(b"sha512")
            + field(field(name) + field(raw))
        )
        armoured = base64.encodebytes(body)
        signed = text + b"-----BEGIN SSH SIGNATURE-----\n" + armoured + b"-----END SSH SIGNATURE-----\n"
        check, _payload, _commit = notes.verify(signed, {"carol": [public]})
        assert check.is_valid is expected


def test_weak_malformed_and_option_bearing_keys_sign_for_nobody(notes: GitApprovalNotes, keys: dict[str, SshKey], tmp_path: Path) -> None:
    weak = keygen(tmp_path / "weak", kind="rsa", bits=1024)
    approve(notes, weak)
    (signed,) = notes.list_signed("HEAD")
    assert not notes.verify(signed, {"carol": [weak.public]})[0].is_valid
    good = keys["carol"].public
    for line in ("", "ssh-ed25519", good + "\n* " + good, "cert-authority " + good, 'namespaces="*" ' + good, "ssh-rsa " + good.split()[1],
                 "ssh-ed25519 !!!", "ssh-ed25519 AAAA", "ssh-dss AAAAB3NzaC1kc3M=", good.replace(" ", "-cert-v01@openssh.com ")):  # fmt: skip
        assert parse_public_key(line) is None, line
    assert parse_public_key(good + " carol@laptop") == parse_public_key(good)


@pytest.mark.parametrize(
    "principal", ["*", "carol,dave", "carol mallory", "!dave", "# x", "a\nb", 'a"b', "", "é", "carol with ED25519 key SHA256:x"]
)
def test_principal_is_never_written_into_the_signers_file(notes: GitApprovalNotes, keys: dict[str, SshKey], principal: str) -> None:
    approve(notes, keys["carol"])
    (signed,) = notes.list_signed("HEAD")
    check, _payload, _commit = notes.verify(signed, {"other": [keys["dave"].public], principal: [keys["carol"].public]})
    assert check.is_valid
    assert check.principal == principal
    assert allowed_signers({principal: [keys["carol"].public]}).text.startswith('signer-0 namespaces="git" ssh-ed25519 ')


def test_key_that_two_people_list_counts_for_neither(notes: GitApprovalNotes, keys: dict[str, SshKey]) -> None:
    approve(notes, keys["carol"])
    (signed,) = notes.list_signed("HEAD")
    check, _payload, _commit = notes.verify(signed, {"carol": [keys["carol"].public], "alias": [keys["carol"].public + " x"]})
    assert not check.is_valid
    assert check.reason.startswith("ambiguous signer")
    assert notes.verify(signed, {"carol": [keys["carol"].public] * 2})[0].is_valid


def test_repository_configuration_takes_no_part_in_the_check(
    repo: GitRepo, notes: GitApprovalNotes, keys: dict[str, SshKey], tmp_path: Path
) -> None:
    approve(notes, keys["mallory"])
    (signed,) = notes.list_signed("HEAD")
    liar = tmp_path / "liar"
    liar.write_text("#!/bin/sh\necho 'Good \"git\" signature for signer-0 with ED25519 key SHA256:x'\n")
    liar.chmod(0o755)
    (tmp_path / "signers").write_text(f"carol {keys['mallory'].public}\n")
    repo.git("config", "gpg.ssh.program", str(liar))
    repo.git("config", "gpg.ssh.allowedSignersFile", str(tmp_path / "signers"))
    assert not notes.verify(signed, {"carol": [keys["carol"].public]})[0].is_valid


@pytest.mark.parametrize("payload", [b"", b"a\0b", b"-----BEGIN SSH SIGNATURE-----", b"{}\n-----BEGIN PGP MESSAGE-----\n", b"x" * 70_000])
def test_payload_that_could_break_out_is_refused(notes: GitApprovalNotes, keys: dict[str, SshKey], payload: bytes) -> None:
    with pytest.raises(InvalidIntent) as raised:
        approve(notes, keys["carol"], payload=payload)
    assert raised.value.code == "git.statement-invalid"
    assert notes.annotated_commits() == ()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(payload=st.binary(min_size=1, max_size=300), name=st.text(max_size=40), email=st.text(max_size=40))
def test_text_is_read_back_as_it_was_written(payload: bytes, name: str, email: str) -> None:
    try:
        text = unsigned_text("a" * 40, payload, Signature(name=name, email=email, time=5))
    except InvalidIntent:
        return
    signature = b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"
    statement = parse_signed(text + signature)
    assert statement is not None
    assert (statement.payload, statement.commit) == (payload, "a" * 40)
    assert text.split(b"\n\n")[0].count(b"\n") == 3


def test_missing_key_wrong_passphrase_and_missing_ssh_keygen(
    notes: GitApprovalNotes, keys: dict[str, SshKey], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("", str(tmp_path / "none"), str(tmp_path)):
        with pytest.raises(Misconfigured) as raised:
            notes.sign("HEAD", PAYLOAD, signing_key=key, name="x", email="y")
        assert raised.value.code == "git.signing-key-missing"
    for line in (keys["carol"].public, "key::" + keys["carol"].public):
        with pytest.raises(Misconfigured) as raised:
            notes.sign("HEAD", PAYLOAD, signing_key=line, name="x", email="y")
        assert raised.value.code == "git.signing-failed"
    git_only = tmp_path / "bin"
    git_only.mkdir()
    (git_only / "git").symlink_to(shutil.which("git") or "")
    monkeypatch.setenv("PATH", str(git_only))
    with pytest.raises(Misconfigured) as raised:
        notes.verify(b"", {})
    assert raised.value.code == "git.ssh-keygen-missing"


def test_agent_signs_for_a_public_key(notes: GitApprovalNotes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = keygen(tmp_path / "key")
    socket = f"/tmp/gp-agent-{os.getpid()}-{os.urandom(4).hex()}"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE)
    try:
        assert agent.stdout is not None
        agent.stdout.readline()
        monkeypatch.setenv("SSH_AUTH_SOCK", socket)
        subprocess.run(["ssh-add", "-q", str(key.path)], check=True, env=git_environment(tmp_path, {"SSH_AUTH_SOCK": socket}))
        key.path.unlink()
        for signing_key in (f"{key.path}.pub", key.public, f"key::{key.public} comment"):
            signed = notes.sign("HEAD", PAYLOAD + signing_key[:3].encode(), signing_key=signing_key, name="Carol", email="c@d")
            notes.add("HEAD", signed, name="Carol", email="c@d")
    finally:
        agent.terminate()
        agent.wait()
        assert agent.stdout is not None
        agent.stdout.close()
    assert [notes.verify(signed, {"carol": [key.public]})[0].is_valid for signed in notes.list_signed("HEAD")] == [True] * 3


def test_signers_file_is_private_and_removed(
    notes: GitApprovalNotes, keys: dict[str, SshKey], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    approve(notes, keys["carol"])
    (signed,) = notes.list_signed("HEAD")
    seen: list[int] = []
    real_run = subprocess.run

    def spy(*arguments: object, **options: object) -> object:
        seen.extend(stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("goldenpath-*/allowed_signers"))
        return real_run(*arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", spy)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    os.umask(0)
    try:
        assert notes.verify(signed, {"carol": [keys["carol"].public]})[0].is_valid
    finally:
        os.umask(0o022)
    assert set(seen) == {0o600}
    assert list(tmp_path.glob("goldenpath-*")) == []


def test_sha256_repository(tmp_path: Path, keys: dict[str, SshKey]) -> None:
    repo = GitRepo(tmp_path / "r", object_format="sha256")
    repo.commit()
    notes = GitApprovalNotes(repo.path, clock=FakeClock(), entropy=FakeEntropy())
    approve(notes, keys["carol"])
    (signed,) = notes.list_signed("HEAD")
    check, _payload, commit = notes.verify(signed, {"carol": [keys["carol"].public]})
    assert check.is_valid
    assert commit == repo.head()
