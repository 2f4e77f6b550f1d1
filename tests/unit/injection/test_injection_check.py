"""The whole batch is judged before anything is written, and no finding repeats a value (R2, R3, D12)."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders import make_request
from tests.canary import hits_in, new_canary

from goldenpath.injection.check import KUBERNETES_BYTES_MAX, check_batch
from goldenpath.injection.formats import EXPECTATIONS, fits_format
from goldenpath.injection.masks import is_mask_or_placeholder
from goldenpath.model.finding import Finding
from goldenpath.model.masking import MASK_WORDS, unfit_reason
from goldenpath.model.request import KeyFormat, SecretRequest
from goldenpath.model.secret import MASK, SecretValue


def request_with(*keys: dict[str, Any], provider: str = "local") -> SecretRequest:
    return make_request({"spec": {"keys": list(keys), "provider": provider}})


def judge(request: SecretRequest, **values: bytes) -> tuple[Finding, ...]:
    return check_batch(request, {name: SecretValue(raw) for name, raw in values.items()})


def rules(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.rule for finding in findings]


USER_AND_PASSWORD = request_with({"name": "username"}, {"name": "password"})


def test_a_good_batch_has_nothing_against_it() -> None:
    assert judge(USER_AND_PASSWORD, username=b"payments_app", password=b"s3cr3t\nwith two lines==\n") == ()


def test_every_fault_of_every_key_is_told_at_once() -> None:
    findings = judge(USER_AND_PASSWORD, username=b"", extra=b"TODO", **{"a b": b"********"})
    assert sorted({(finding.field.removeprefix("spec.keys."), finding.rule) for finding in findings}) == [
        ("a b", "value.key-invalid"),
        ("a b", "value.key-undeclared"),
        ("extra", "value.key-undeclared"),
        ("extra", "value.placeholder"),
        ("password", "value.key-missing"),
        ("username", "value.empty"),
    ]
    assert all(finding.is_blocking and finding.subject == "SEC-0007" for finding in findings)
    assert list(findings) == sorted(findings, key=lambda finding: (finding.field, finding.rule))


def test_a_request_without_keys_takes_any_but_not_none() -> None:
    assert judge(make_request(), DATABASE_URL=b"postgres://u:p@h/db") == ()
    assert rules(judge(make_request())) == ["value.batch-empty"]


@pytest.mark.parametrize("name", ["", "a b", "a/b", "é", "a\n", "a" * 254, ".", "..", "..data", "a=b", "a\x00"])
def test_keys_that_a_cluster_would_refuse(name: str) -> None:
    assert "value.key-invalid" in rules(check_batch(make_request(), {name: SecretValue(b"x1")}))


@pytest.mark.parametrize("name", ["A", "a.b", "tls.crt", "-", "_x", "9X", "a" * 253, ".dockerconfigjson"])
def test_keys_that_a_cluster_takes(name: str) -> None:
    assert check_batch(make_request(), {name: SecretValue(b"x1")}) == ()


def test_a_long_name_may_be_a_piece_of_a_value_and_is_not_repeated() -> None:
    canary = new_canary() * 2
    findings = check_batch(USER_AND_PASSWORD, {canary: SecretValue(b"x")})
    assert {"value.key-invalid", "value.key-undeclared"} <= set(rules(findings))
    assert hits_in(msgspec.json.encode(findings), [canary]) == []


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"", "value.empty"), (b" ", "value.blank"), (b"\n", "value.blank"), (b"\t \r\n", "value.blank"), ("\u00a0\u2003".encode(), "value.blank"),
        (b"\xff\xfe", "value.not-text"), (b"\x80", "value.not-text"), (b"a\x00b", "value.nul"), (b"\x00", "value.nul"),
    ],
)  # fmt: skip
def test_values_that_are_none(raw: bytes, rule: str) -> None:
    assert rule in rules(judge(make_request(), key=raw))


STAND_INS = [
    MASK, "***", "****", "**********************", "•••••", "●●●●", "\uff0a\uff0a\uff0a", "xxx", "XXXX", "xxxxxxxx", "...", "……", "___", "---", "####", "███",
    "* * * *", "<redacted>", "REDACTED", "[REDACTED]", "(redacted)", "**REDACTED**", "***REDACTED***", "{redacted}", "[MASKED]", "masked",
    "[FILTERED]", "<hidden>", "--hidden--", "***hidden***", "(sensitive value)", "(sensitive)", "<sensitive>", "Redacted Value", "redacted-by-ci",
    "<secret hidden>", "[secret redacted]", "value removed", "data masked", '"REDACTED"', "'***'", "REDACTED\n", "  ****  ", "[Redacted]",
    "_ENV_", "__ENV__", "${ENV}", "${DB_PASSWORD}", "$(cat file)", "{{ password }}", "${{ secrets.X }}", "{{.Value}}", "<password>", "<your-token>",
    "%PASSWORD%", "%5FENV_", "%2A%2A%2A", "@@TOKEN@@", "@TOKEN@", "_PLACEHOLDER_", "changeme", "CHANGEME", "change-me", "change_me", "ChangeMe",
    "change_me_now", "changeit", "change this", "please change me", "<changeme>", "TODO", "todo", "[TODO]", "TBD", "FIXME", "fix-me",
    "to be defined", "placeholder", "PLACEHOLDER", "place_holder", "dummy", "example", "dummy-value", "replace_me", "replaceme", "REPLACE-THIS",
    "fill_me_in", "your_password_here", "YOUR_API_KEY", "your-secret", "my_secret_key", "insert_token_here", "put-your-password-here",
    "enter value", "null", "None", "nil", "undefined", "n/a", "N/A", "NaN", "not set", "unknown", "awaiting-value",
    "postgres://user:****@host/db", "https://u:***@h", "Server=x;Password=********;", "prefix [REDACTED] suffix", "token=<redacted>", "a ***MASKED*** b",
    "postgres://db._ENV_.internal/x", "arn:aws:x:${ENV}:y", '{"user":"a","password":"********"}', '{"password": "changeme"}', '["x", "[REDACTED]"]',
    '{"a":{"b":["_ENV_"]}}',
]  # fmt: skip


@pytest.mark.parametrize("text", STAND_INS)
def test_masks_and_placeholders_are_refused(text: str) -> None:
    assert "value.placeholder" in rules(judge(make_request(), key=text.encode()))


REAL = [
    "hunter2", "correct horse battery staple", "p@ss***w0rd", "abc*", "a**b", "x", "xx", "x1", "-1", "0", "false", "payments_app", "root", "admin",
    "postgres://user:p%40ss@db.internal:5432/app?sslmode=require", "MY_ENV_VAR_x", "a_ENV_b", "https://example.com/path", "user@example.com",
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "gp_live_4eC39HqLyjWDarjtT1zdp7dc", "-----BEGIN KEY-----", "{}", "[]",
    '{"user":"a","password":"b"}', "$2b$12$KIXxxxxxxxxxx", "100%", "a<b>c", "<a><b/></a>", "todo-list-service", "changemaker", "unmasked-value",
    "the-key-to-my-heart", "redactedly", "null-island", "my-dog-ate-five-pages-of-the-key-book", "hidden-valley-ranch", "12345678", "é", "日本語のパスワード",
    "aGVsbG8=", "deadbeef", "x" * 3 + "y", "%41BC", "a" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("text", REAL)
def test_real_values_are_not_taken_for_stand_ins(text: str) -> None:
    assert not is_mask_or_placeholder(text)


@given(st.text(alphabet="*•●xX#.-_ ", min_size=3, max_size=40).filter(lambda text: len(text.strip()) >= 3))
def test_any_run_of_mask_characters_is_a_mask(text: str) -> None:
    assert is_mask_or_placeholder(text)


@given(st.binary(min_size=12, max_size=64))
def test_chance_is_no_mask(raw: bytes) -> None:
    assert not is_mask_or_placeholder(base64.b64encode(b"\x17" + raw).decode())


@given(st.text(max_size=300))
def test_any_text_is_judged_in_time(text: str) -> None:
    assert is_mask_or_placeholder(text) in (True, False)


@pytest.mark.parametrize(
    "text",
    ["<" * 60_000, "your " * 12_000, "_" + "a_" * 30_000 + "!", "{{" * 30_000, "put a " * 10_000, "*" * 60_000 + "a", "%5F" * 20_000],
)
def test_long_text_is_judged_in_linear_time(text: str) -> None:
    assert is_mask_or_placeholder(text) == is_mask_or_placeholder(text)


PEM = "-----BEGIN PRIVATE KEY-----\n" + base64.b64encode(b"k" * 60).decode() + "\n-----END PRIVATE KEY-----\n"
GOOD: dict[KeyFormat, list[str]] = {
    "text": ["anything", "a\nb", "http://x"],
    "url": ["https://a.b/c?d=e#f", "postgres://u:p@h:5432/db", "amqp://h", "redis://:pw@h:6379/0", "file:///x/y", "http://[::1]:80/"],
    "json": ["{}", "[1,2]", '"x"', "null", '{"a":{"b":1}}', " {} "],
    "pem": [PEM, PEM.rstrip(), PEM + PEM, "Bag Attributes\n" + PEM, PEM.replace("\n", "\r\n")],
    "base64": ["aGVsbG8=", "aGVsbG8", "-_-_", "+/+/", "YQ==", "YQ"],
    "hex": ["deadBEEF", "0", "abc"],
    "uuid": ["123e4567-e89b-42d3-a456-426614174000", "123E4567-E89B-42D3-A456-426614174000"],
    "email": ["a@b.c", "first.last+tag@sub.example.com"],
    "integer": ["0", "-5", "007", "123456789012345678901234567890"],
    "hostname": ["a", "db.internal", "a-b.c", "1.2.3.4", "x" * 63 + ".y"],
}
BAD: dict[KeyFormat, list[str]] = {
    "text": [],
    "url": ["x", "//h/x", "http://", "http:/x", "https://a b", "https://a\n", "http://h:port/", "http://[::1", "file://", "https://a\tb", ":x"],
    "json": ["{", "{'a':1}", '{"a":1,"a":2}', "NaN", "Infinity", "", "x", "[" * 100_000, '{"a":1}}', "01"],
    "pem": ["x", "-----BEGIN A-----\nAAAA\n-----END B-----", "-----BEGIN A-----\nAAAA", "-----BEGIN A-----\n!!!\n-----END A-----", "-----END A-----\nAAAA\n-----BEGIN A-----",
            "-----BEGIN A-----\n-----END A-----", PEM + "-----BEGIN A-----", PEM.replace("\n", " ")],
    "base64": ["a", "aGVsbG8=\n", "aGVs bG8=", "a===", "=", "a+b_", "é", "aGVsbG8==", "YQ=a"],
    "hex": ["xyz", "0x10", "de ad", "ab\n", "", "\u0663"],
    "uuid": ["123e4567e89b42d3a456426614174000", "{123e4567-e89b-42d3-a456-426614174000}", "123e4567-e89b-42d3-a456-42661417400g", "123e4567-e89b-42d3-a456-426614174000\n"],
    "email": ["a", "@b.c", "a@", "a@@b.c", "a b@c.d", ".a@b.c", "a..b@c.d", "a@b..c", "a@-b.c", "Name <a@b.c>", "a@b.c\n"],
    "integer": ["", "1.0", "+1", "1e3", "0x1", "1 ", "\u0661", "--1", "1\n", "1_000"],
    "hostname": ["", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", "a b", "x" * 64, "é.com", "a\n", ".".join(["x" * 63] * 4), "h:80"],
}  # fmt: skip


@pytest.mark.parametrize(("form", "text"), [(form, text) for form, texts in GOOD.items() for text in texts])
def test_what_fits_a_format(form: KeyFormat, text: str) -> None:
    assert fits_format(text, form)


@pytest.mark.parametrize(("form", "text"), [(form, text) for form, texts in BAD.items() for text in texts])
def test_what_does_not_fit_a_format(form: KeyFormat, text: str) -> None:
    assert not fits_format(text, form)


@pytest.mark.parametrize("form", [form for form in BAD if BAD[form]])
def test_a_format_fault_tells_what_is_expected_and_not_what_was_given(form: KeyFormat) -> None:
    canary = new_canary()
    findings = judge(request_with({"name": "k", "format": form}), k=f"{canary} !\n".encode())
    assert rules(findings) == ["value.format"]
    assert findings[0].expected == EXPECTATIONS[form]
    assert "--trim-newline" in findings[0].hint
    assert hits_in(msgspec.json.encode(findings), [canary]) == []


@pytest.mark.parametrize(
    ("provider", "size", "is_good"),
    [
        ("local", 65_536 - len('{"key":""}'), True),
        ("local", 65_537 - len('{"key":""}'), False),
        ("aws-secrets-manager", 65_537 - len('{"key":""}'), False),
        ("openbao", 65_537, True),
        ("openbao", 524_289, False),
        ("aws-parameter-store", 4_096, True),
        ("aws-parameter-store", 4_097, False),
        ("kubernetes-mount", KUBERNETES_BYTES_MAX - 4, True),
        ("kubernetes-mount", KUBERNETES_BYTES_MAX - 3, False),
    ],
)
def test_limits_are_named_before_any_write(provider: str, size: int, *, is_good: bool) -> None:
    findings = judge(request_with({"name": "key"}, provider=provider), key=b"ab" * (size // 2) + b"c" * (size % 2))
    assert set(rules(findings)) == (set() if is_good else {"value.too-large"})
    assert not any(str(size) in finding.message for finding in findings), "no finding tells a length"


def test_a_limit_counts_what_is_stored_not_what_was_typed() -> None:
    assert rules(judge(request_with({"name": "key"}), key=b"\x01\x02" * 6000)) == ["value.too-large"]
    assert rules(judge(request_with({"name": "key"}, provider="aws-parameter-store"), key=("é" * 4096).encode())) == ["value.too-large"]


def test_double_braces_are_a_reference_only_where_a_store_resolves_them() -> None:
    value = b"a {{ssm:x}} b"
    assert rules(judge(request_with({"name": "key"}, provider="aws-parameter-store"), key=value)) == ["value.reference"]
    assert judge(request_with({"name": "key"}), key=value) == ()


@pytest.mark.parametrize("shape", ["{}", "{}\n", "\x00{}", "****{}****", "{}\udcff", " "])
def test_no_finding_repeats_a_value_or_its_length(shape: str) -> None:
    canary = new_canary()
    raw = shape.format(canary * 40).encode("utf-8", "surrogateescape")
    for provider in ("local", "aws-parameter-store"):
        findings = judge(request_with({"name": "a", "format": "uuid"}, {"name": "b", "format": "integer"}, provider=provider), a=raw, b=raw)
        text = msgspec.json.encode(findings) + repr(findings).encode()
        assert findings
        assert hits_in(text, [canary]) == []
        assert str(len(raw)).encode() not in text


@pytest.mark.parametrize("word", sorted(MASK_WORDS))
@pytest.mark.parametrize("form", ["{}", "<{}>", "*** {} ***", "\ufeff{}"])
def test_what_a_store_refuses_as_a_mask_is_told_before_the_first_write(word: str, form: str) -> None:
    text = form.format(word)
    assert unfit_reason(text.encode()) == "mask"
    assert rules(judge(request_with({"name": "a"}), a=text.encode())) == ["value.placeholder"]


@given(st.text(max_size=40))
@settings(max_examples=300)
def test_the_check_is_never_milder_than_the_store(text: str) -> None:
    if unfit_reason(text.encode("utf-8", "surrogatepass")) == "mask":
        assert is_mask_or_placeholder(text)
