"""Values come in byte for byte, from where nobody else reads, or not at all (R2, R58, CASES 180)."""

from __future__ import annotations

import contextlib
import getpass
import io
import os
import pickle
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.canary import hits_in, new_canary

from goldenpath.errors import InvalidIntent
from goldenpath.injection.batch_files import parse_dotenv, parse_json
from goldenpath.injection.sources import (
    VALUE_BYTES_MAX,
    newline_note,
    prompt_value,
    read_batch_file,
    read_descriptor,
    read_stream,
    read_value_file,
    refuse_argument_values,
)
from goldenpath.model.secret import SecretValue

EXACT = [
    b"x",
    b"x\n",
    b"x\r\n",
    b"\n",
    b" x ",
    b"x==",
    b"http://x",
    b"file:///etc/passwd",
    b"\xff\xfe\x00",
    b"a\nb\n\n",
    b"",
    b"\xef\xbb\xbfx",
    b"'q'",
    b"@f",
]


def private(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("raw", EXACT)
def test_every_source_keeps_every_byte(tmp_path: Path, raw: bytes) -> None:
    reader, writer = os.pipe()
    os.write(writer, raw)
    os.close(writer)
    taken = [read_stream(io.BytesIO(raw)), read_descriptor(reader), read_value_file(private(tmp_path / "v", raw))]
    os.close(reader)
    assert [value.reveal() for value in taken] == [raw] * 3


@pytest.mark.parametrize(
    ("raw", "trimmed"),
    [(b"x\n", b"x"), (b"x\r\n", b"x"), (b"x\n\n", b"x\n"), (b"x", b"x"), (b"x\r", b"x\r"), (b"\n", b""), (b" x ", b" x ")],
)
def test_one_newline_is_taken_away_on_demand(raw: bytes, trimmed: bytes) -> None:
    assert read_stream(io.BytesIO(raw), trim_newline=True).reveal() == trimmed


def test_a_newline_at_the_end_is_mentioned_without_the_value() -> None:
    canary = new_canary()
    note = newline_note("password", SecretValue(canary.encode() + b"\n"))
    assert "--trim-newline" in note
    assert "password" in note
    assert hits_in(note.encode(), [canary]) == []
    assert newline_note("password", SecretValue(canary.encode())) == ""


@pytest.mark.parametrize("size", [VALUE_BYTES_MAX, VALUE_BYTES_MAX + 1])
def test_input_is_bounded(size: int) -> None:
    if size <= VALUE_BYTES_MAX:
        assert len(read_stream(io.BytesIO(b"x" * size)).reveal()) == size
        return
    with pytest.raises(InvalidIntent) as refused:
        read_stream(io.BytesIO(b"x" * size))
    assert refused.value.code == "value.too-large"


def test_a_descriptor_stays_open(tmp_path: Path) -> None:
    with private(tmp_path / "v", b"one").open("rb") as file:
        assert read_descriptor(file.fileno()).reveal() == b"one"
        assert os.fstat(file.fileno()).st_size == 3


@pytest.mark.parametrize("number", [-1, 1, 2, 987])
def test_a_descriptor_that_cannot_be_read_is_refused(number: int) -> None:
    with pytest.raises(InvalidIntent) as refused:
        read_descriptor(number)
    assert refused.value.code == "value.descriptor-unreadable"


def test_a_folder_as_descriptor_is_refused(tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(InvalidIntent) as refused:
        read_descriptor(fd)
    os.close(fd)
    assert refused.value.code == "value.descriptor-unreadable"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666, 0o777, 0o601])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(InvalidIntent) as refused:
        read_value_file(private(tmp_path / "v", b"x", mode))
    assert refused.value.code == "value.file-unsafe"
    assert f"{mode:04o}" in refused.value.message
    assert "chmod 600 v" in refused.value.hint


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_private_file_is_read(tmp_path: Path, mode: int) -> None:
    assert read_value_file(private(tmp_path / "v", b"x", mode)).reveal() == b"x"


def link(path: Path) -> None:
    path.symlink_to(private(path.with_name("real"), b"x"))


def dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nothing"))


def fifo(path: Path) -> None:
    os.mkfifo(path, 0o600)


def folder(path: Path) -> None:
    path.mkdir(mode=0o700)


@pytest.mark.parametrize("make", [link, dangling, fifo, folder])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "v")
    with pytest.raises(InvalidIntent) as refused:
        read_value_file(tmp_path / "v")
    assert refused.value.code == "value.file-unsafe"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidIntent) as refused:
        read_value_file(tmp_path / "none")
    assert (refused.value.code, refused.value.subject) == ("value.file-unreadable", str(tmp_path / "none"))


def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = private(tmp_path / "v", b"x")
    if os.geteuid() != 0:
        pytest.skip("only the superuser can give a file away")
    os.chown(path, 12345, 12345)
    with pytest.raises(InvalidIntent) as refused:
        read_value_file(path)
    assert refused.value.code == "value.file-unsafe"


def answers(*lines: str) -> Callable[[str], str]:
    left: Iterator[str] = iter(lines)
    return lambda _prompt: next(left)


def test_a_prompt_asks_twice() -> None:
    assert prompt_value("password", is_terminal=True, ask=answers(" pä ", " pä ")).reveal() == " pä ".encode()
    with pytest.raises(InvalidIntent) as refused:
        prompt_value("password", is_terminal=True, ask=answers("hunter2", "hunter3"))
    assert refused.value.code == "value.prompt-mismatch"
    assert "hunter" not in str(refused.value)


def test_without_a_terminal_nothing_is_asked_and_the_flags_are_named() -> None:
    with pytest.raises(InvalidIntent) as refused:
        prompt_value("password", is_terminal=False, ask=answers())
    assert refused.value.code == "value.no-terminal"
    assert all(flag in refused.value.hint for flag in ("--stdin", "--from-file", "--fd", "--generate"))


def test_a_prompt_that_would_echo_is_refused() -> None:
    def echoing(_prompt: str) -> str:
        warnings.warn("can not control echo", getpass.GetPassWarning, stacklevel=1)
        return "x"

    def ended(_prompt: str) -> str:
        raise EOFError

    for ask in (echoing, ended):
        with pytest.raises(InvalidIntent) as refused:
            prompt_value("password", is_terminal=True, ask=ask)
        assert refused.value.code == "value.no-terminal"


@pytest.mark.parametrize("shape", ["{}", "password={}", "--value={}", "x --value {}", "--password={}", "--from-literal={}"])
def test_a_value_on_the_command_line_is_refused_without_echo(shape: str) -> None:
    canary = new_canary().replace(" ", "")
    arguments = shape.format(canary if "=" in shape or "--" in shape else f"K={canary}").split(" ")
    with pytest.raises(InvalidIntent) as refused:
        refuse_argument_values(arguments)
    error = refused.value
    assert error.code == "value.on-command-line"
    assert hits_in(repr([str(error), error.message, error.hint, error.subject]).encode(), [canary]) == []


@pytest.mark.parametrize("arguments", [[], ["SEC-0007"], ["SEC-0007", "-"], ["--fd", "3"], ["--reason=x"]])
def test_an_ordinary_command_line_is_let_through(arguments: list[str]) -> None:
    assert refuse_argument_values(arguments) is None  # type: ignore[func-returns-value]


def revealed(values: dict[str, SecretValue]) -> dict[str, bytes]:
    return {name: value.reveal() for name, value in values.items()}


DOTENV = (
    rb"""# a comment
A=plain
export B=two words
  C=a=b==

D='single "quoted" #$x \n kept'
E="double \"q\" \n \t \$x \\ end" # why
F='-----BEGIN X-----
two lines
-----END X-----'
G=
H=http://user:p#w@host/?a=b
I=caf"""
    b"\xe9\xff"
)


def test_dotenv_is_taken_as_documented() -> None:
    assert revealed(parse_dotenv(DOTENV, subject=".env")) == {
        "A": b"plain",
        "B": b"two words",
        "C": b"a=b==",
        "D": rb'single "quoted" #$x \n kept',
        "E": b'double "q" \n \t $x \\ end',
        "F": b"-----BEGIN X-----\ntwo lines\n-----END X-----",
        "G": b"",
        "H": b"http://user:p#w@host/?a=b",
        "I": b"caf\xe9\xff",
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"A", 1), (b"A =x", 1), (b"=x", 1), (b"9A=x", 1), (b"A B=x", 1), (b"A=x \n", 1), (b"A= x", 1), (b"A=x # c", 1), (b"A=x\t#c", 1),
        (b"A='x", 1), (b'A="x', 1), (b"A='x' y", 1), (b'A="\\q"', 1), (b"A=1\nB='", 2), (b"A=1\n# c\n\nB", 4), (b"A='a\nb'\nC", 3), (b"A=x\ry", 1),
        (b"\xef\xbb\xbfA=x", 1),
    ],
)  # fmt: skip
def test_what_could_be_read_two_ways_is_refused_with_its_line(text: bytes, line: int) -> None:
    with pytest.raises(InvalidIntent) as refused:
        parse_dotenv(text, subject=".env")
    assert refused.value.code == "value.file-syntax"
    assert refused.value.subject == f".env:{line}"


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True), st.binary().filter(lambda raw: b"'" not in raw), max_size=5
    )
)
def test_single_quotes_keep_any_byte(values: dict[str, bytes]) -> None:
    text = b"".join(name.encode() + b"='" + raw + b"'\n" for name, raw in values.items())
    assert revealed(parse_dotenv(text, subject=".env")) == values


@given(st.binary(max_size=200))
def test_any_file_is_taken_or_refused(raw: bytes) -> None:
    for parse in (parse_dotenv, parse_json):
        with contextlib.suppress(InvalidIntent):
            assert all(isinstance(value, SecretValue) for value in parse(raw, subject="f").values())


def test_json_is_one_object_of_strings() -> None:
    raw = '{"a": "x\\n", "b": "é"}'.encode()
    assert revealed(parse_json(raw, subject="f")) == {"a": b"x\n", "b": "é".encode()}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'"x"',
        b'{"a":1}',
        b'{"a":true}',
        b'{"a":null}',
        b'{"a":{"b":"x"}}',
        b"{",
        b'{"a":"\xff"}',
        b"[" * 100_000,
        b'{"a":"\\ud800"}',
        b'{"a":"x"} x',
    ],
)
def test_json_of_another_shape_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidIntent) as refused:
        parse_json(raw, subject="f")
    assert refused.value.code == "value.file-syntax"


@pytest.mark.parametrize(
    ("parse", "raw"), [(parse_dotenv, b"A=1\nB=2\nA=1\n"), (parse_json, b'{"A":"1","A":"1"}'), (parse_json, b'{"A":{"b":"1","b":"2"}}')]
)
def test_a_key_that_is_given_twice_is_refused(parse: Callable[..., object], raw: bytes) -> None:
    with pytest.raises(InvalidIntent) as refused:
        parse(raw, subject="f")
    assert refused.value.code == "value.key-repeated"


def test_a_batch_file_is_private_too(tmp_path: Path) -> None:
    assert revealed(read_batch_file(private(tmp_path / "v.env", b"A=1"))) == {"A": b"1"}
    assert revealed(read_batch_file(private(tmp_path / "v.JSON", b'{"A":"1"}'))) == {"A": b"1"}
    with pytest.raises(InvalidIntent) as refused:
        read_batch_file(private(tmp_path / "w.env", b"A=1", 0o644))
    assert refused.value.code == "value.file-unsafe"


def test_no_error_of_a_file_repeats_it(tmp_path: Path) -> None:
    canary = new_canary()
    for content in (f"A={canary} # x", f"{canary}", f"A='{canary}", f'A="\\q{canary}"'):
        with pytest.raises(InvalidIntent) as refused:
            read_batch_file(private(tmp_path / "v.env", content.encode()))
        error = refused.value
        assert hits_in(repr((str(error), error.hint, error.__cause__, error.__context__)).encode(), [canary]) == []


def test_values_do_not_leave_by_pickle() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(read_stream(io.BytesIO(b"x")))
