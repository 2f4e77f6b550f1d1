"""Values that must not be seen, while every verb runs in every format and fails in every way we know: nothing shows them (R1, CASES 99, 180).

Only two doors let a value out, each asked to: ``get --reveal`` and the environment of the program that ``exec`` runs.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.canary import hits_in, new_canary, scan_tree
from tests.e2e.world import SEC_0007, Run, World

FORMATS = ("table", "json", "yaml", "ndjson", "sarif", "junit", "github", "markdown")
VERBS: tuple[tuple[str, ...], ...] = (
    *(("validate",), ("schema",), ("request", "show", "SEC-0007"), ("request", "validate")),
    *(("policy", "check", "--base", "main", "--head", "next"), ("policy", "explain"), ("policy", "waivers")),
    *(("preview", "--base", "main", "--head", "next"), ("approve", "--head", "next"), ("apply", "--dry-run"), ("apply", "--yes")),
    *(("adopt", "SEC-0007", "--dry-run"), ("restore", "SEC-0007", "--dry-run"), ("get", "SEC-0007"), ("status",)),
    *(
        ("trace", "SEC-0007"),
        ("drift",),
        ("orphans",),
        ("audit", "verify"),
        ("audit", "tail", "-n", "1000"),
        ("audit", "export"),
        ("doctor",),
    ),
    *(
        ("audit", "export", "--format", "csv"),
        ("audit", "export", "--format", "ocsf"),
        ("config", "show"),
        ("explain", "value.placeholder"),
    ),
    *(("report",), ("ci", "check", "--environment", "dev"), ("ci", "check", "--environment", "dev", "--variables")),
    *(("scan", "--update-index"), ("scan", "--base", "main", "--head", "next"), ("scan", "--staged"), ("pr", "check", "--number", "1")),
    *(("diff", "--from", "dev", "--to", "prod", "--compare-values"), ("completion", "bash"), ("version",)),
)
SEED = ("seed", "SEC-0007", "--yes")


class Planted:
    """A world whose secret is a canary, and every word that was printed since."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lines = ["pem-" + new_canary("line1"), "pem-" + new_canary("line2")]
        self.user, self.password = new_canary("user"), "\n".join(self.lines)
        self.values = [self.user, self.password]
        self.said: list[tuple[str, bytes]] = []

    def run(self, *arguments: str, typed: str = "", who: str = "pat") -> Run:
        done = self.world.cli(who, *arguments, typed=typed.encode())
        assert done.code not in {70, 99}, (arguments, done)
        self.hear(" ".join(arguments), done.out + done.err)
        return done

    def hear(self, what: str, text: str) -> None:
        self.said.append((what, text.encode("utf-8", "surrogateescape")))

    def file(self, name: str, content: str, mode: int = 0o600) -> str:
        """Write a file outside of what is scanned."""
        folder = self.world.root.parent / "typed"
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_text(content, encoding="utf-8")
        path.chmod(mode)
        return str(path)

    def leaks(self) -> list[str]:
        spoken = [f"{what}: {hit}" for what, text in self.said for hit in hits_in(text, self.values)]
        return [*spoken, *scan_tree(self.world.root, self.values)]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    planted = Planted(World.make(tmp_path_factory.mktemp("planted") / "world"))
    planted.world.approved_request()
    planted.run("apply", "--yes")
    done = planted.run(*SEED, "--stdin", "username", "--from-file", f"password={planted.file('pw', planted.password)}", typed=planted.user)
    assert done.code == 0, done
    planted.world.propose(
        "next", {"catalogs/secrets/payments/dev/SEC-0500.yaml": SEC_0007.replace("0007", "0500").replace("payments-db", "x")}
    )
    planted.world.git("pat", "switch", "--quiet", "main")
    return planted


@pytest.fixture
def planted(template: Planted, tmp_path: Path) -> Planted:
    copy = Planted(template.world.copy(tmp_path / "world"))
    copy.user, copy.password, copy.lines, copy.values = template.user, template.password, template.lines, template.values
    return copy


def test_the_scan_would_find_them(planted: Planted) -> None:
    """A scan that finds nothing proves something only when it finds what the two doors let out."""
    planted.run("get", "SEC-0007", "--reveal")
    assert len({leak.rpartition(":")[2] for leak in planted.leaks()}) == 2
    assert all(hits_in(line.encode(), planted.values) for line in planted.lines), "also a single line of a value"


@pytest.mark.parametrize("format_name", FORMATS)
def test_no_verb_in_any_format_shows_a_value(planted: Planted, format_name: str) -> None:
    for verb in VERBS:
        planted.run(*verb, "-o", format_name)
    for verb in (("status",), ("audit", "verify"), ("get", "SEC-0007"), ("apply", "--yes")):
        planted.run("--debug", *verb, "-o", format_name)
    assert planted.leaks() == []


def test_only_reveal_and_the_child_show_a_value(planted: Planted) -> None:
    for arguments in (("--key", "password"), ()):
        shown = planted.world.cli("pat", "get", "SEC-0007", "--reveal", *arguments)
        assert shown.code == 0
        assert hits_in(shown.out.encode(), planted.values), arguments
        planted.hear("stderr of get --reveal", shown.err)
    child = planted.world.cli("pat", "exec", "SEC-0007", "--", "sh", "-c", 'printf %s "$password"')
    assert child.out == planted.password
    planted.hear("stderr of exec", child.err)
    planted.run("exec", "--redact", "SEC-0007", "--", "sh", "-c", 'echo "$password"; echo "$username" >&2')
    assert planted.leaks() == []


def test_no_refusal_of_a_seed_repeats_what_was_given(planted: Planted) -> None:
    words = [new_canary(name) for name in ("argv", "stdin", "file", "json", "env", "masked")]
    planted.values = [*planted.values, *words]
    argv, stdin, loose, broken, dotenv, masked = words
    for given in (
        (f"password={argv}",),
        ("--value", argv),
        (f"--value={argv}",),
        ("--password", argv),
        ("--stdin", "username", argv),
        (argv,),
    ):
        assert planted.run(*SEED, *given, typed=stdin).code == 2
    for name, content, mode in (
        *(("a.json", f'{{"username": "{broken}"', 0o600), ("b.json", f'{{"username": "{broken}", "username": "{broken}"}}', 0o600)),
        *(("c.json", f'["{broken}"]', 0o600), ("d.json", f'{{"{broken}": "x", "password": "y"}}', 0o600)),
        *(("a.env", f'password="{dotenv}\n', 0o600), ("b.env", f"{dotenv}\n", 0o600), ("c.env", f"password={dotenv} # x\n", 0o600)),
        *(("d.env", f"{dotenv}=x\n", 0o600), ("e.env", f"username={loose}\npassword={loose}\n", 0o644)),
    ):
        for more in ((), ("--debug",), ("-o", "json")):
            assert planted.run(*SEED, "--batch", planted.file(name, content, mode), *more).code == 2, name
    for flags in ((), ("--debug", "-o", "json")):
        assert planted.run(*SEED, "--from-file", f"password={planted.file('loose', loose, 0o640)}", *flags).code == 2
        assert planted.run(*SEED, "--stdin", "nokey", *flags, typed=stdin).code == 2
        assert planted.run(*SEED, "--stdin", "username", "--generate", "username", *flags, typed=stdin).code == 2
        assert planted.run(*SEED, "--stdin", "username", "--generate", "password", *flags, typed=f"[REDACTED] {masked}").code == 2
        assert planted.run(*SEED, "--stdin", "username", "--generate", "password", *flags, typed=f"{masked}\0").code == 2
        assert planted.run(*SEED, "--stdin", "username", "--generate", "password", *flags, typed=masked * 3000).code == 2
    assert planted.leaks() == []


def test_no_refusal_of_a_read_shows_a_value(planted: Planted) -> None:
    for arguments in (
        *(("get", "SEC-0007", "--reveal", "--key", "nokey"), ("get", "SEC-0007", "--reveal", "--version", "none")),
        *(("get", "SEC-0007", "--key", "password"), ("get", "SEC-9999", "--reveal"), ("get", "SEC-0200", "--reveal")),
        *(("exec", "SEC-0007", "--", "/no/such/program"), ("exec", "SEC-0007", "--only", "nokey", "--", "true")),
        *(("exec", "SEC-0007", "--", "sh", "-c", "exit 7"), ("exec", "SEC-0007", "--prefix", "1=", "--", "true")),
        *(("exec", "SEC-0007", "--", "sh", "-c", "kill -9 $$"), ("exec", "SEC-0007", "--mount", "/no/such/folder/x", "--", "true")),
        *(("exec", "SEC-0007", "--mount", str(planted.world.root / "README"), "--", "true"), ("exec", "SEC-0200", "--", "true")),
    ):
        for flags in ((), ("--debug", "-o", "json")):
            planted.run(*flags, *arguments)
    assert planted.leaks() == []


def test_no_internal_fault_shows_a_value(planted: Planted) -> None:
    """A fault with the value in its message and in the locals of every frame: neither leaves, also with ``--debug``."""

    def broken() -> None:
        from goldenpath.app import seed
        from goldenpath.providers.local.store import LocalStore

        def stumble(*arguments: object, **named: object) -> None:
            text = repr([getattr(each, "reveal", str)() for each in (*arguments, *named.values())])
            raise RuntimeError(text)

        LocalStore.put_version = LocalStore.read = stumble  # type: ignore[method-assign,assignment]
        vars(seed)["encode_payload"] = stumble

    fresh = new_canary("fresh")
    planted.values = [*planted.values, fresh]
    for arguments in (
        (*SEED, "--stdin", "username", "--generate", "password"),
        ("get", "SEC-0007", "--reveal"),
        ("exec", "SEC-0007", "--", "true"),
    ):
        for flags in ((), ("--debug",), ("-v", "-o", "json")):
            done = planted.world.cli("pat", *flags, *arguments, typed=fresh.encode(), before=broken)
            assert done.code == 70, done
            planted.hear(" ".join(arguments), done.out + done.err)
    assert planted.leaks() == []


def test_a_wrong_key_shows_nothing(planted: Planted) -> None:
    state = planted.world.platform / ".goldenpath"
    foreign = planted.world.copy(planted.world.root.parent / "foreign")
    (foreign.platform / ".goldenpath" / "root.key").unlink()
    (foreign.platform / ".goldenpath" / "root.key.id").unlink()
    for name in ("audit", "journal.db"):
        subprocess.run(["rm", "-rf", str(foreign.platform / ".goldenpath" / name)], check=True)
    foreign.cli("pat", "doctor")
    key = foreign.platform / ".goldenpath" / "root.key"
    other = key.read_bytes() if key.exists() else b'{"schema_version":1,"keys":["' + b"A" * 43 + b'="]}\n'
    for content, mode in ((other, 0o600), (b"", 0o600), (b"junk", 0o600), ((state / "root.key").read_bytes(), 0o644)):
        kept = (state / "root.key").read_bytes()
        (state / "root.key").write_bytes(content)
        (state / "root.key").chmod(mode)
        for verb in (
            ("get", "SEC-0007", "--reveal"),
            ("status",),
            ("audit", "verify"),
            ("exec", "SEC-0007", "--", "true"),
            ("apply", "--yes"),
        ):
            assert planted.run("--debug", *verb, "-o", "json").code != 0, (content, verb)
        (state / "root.key").write_bytes(kept)
        (state / "root.key").chmod(0o600)
    assert planted.run("audit", "verify").code == 0
    assert planted.leaks() == []


def test_no_value_is_in_an_argument_or_in_the_environment_of_a_helper(planted: Planted) -> None:
    """CASE 77 for the embedded store: every program that is started is looked at as it starts."""
    seen = planted.world.root.parent / "started"

    def watch() -> None:
        import sys

        def note(event: str, arguments: tuple[object, ...]) -> None:
            if event in {"subprocess.Popen", "os.exec", "os.posix_spawn"}:
                with open(seen, "ab") as file:  # noqa: PTH123 - inside an audit hook
                    file.write(repr(arguments).encode("utf-8", "surrogateescape") + b"\n" + repr(dict(os.environ)).encode() + b"\n")

        sys.addaudithook(note)

    fresh = new_canary("fresh")
    planted.values = [*planted.values, fresh]
    done = planted.world.cli("pat", *SEED, "--stdin", "username", "--generate", "password", typed=fresh.encode(), before=watch)
    assert done.code == 0, done
    assert b"git" in seen.read_bytes()
    assert hits_in(seen.read_bytes(), planted.values) == []
    assert planted.leaks() == []
