"""Known kinds of tokens: found by form, samples left alone. Tokens are put together here, so that no scanner takes this file for a leak."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.leaks.patterns import ALLOW_MARK, find_tokens

RANDOM = "h7Kq2mZx9LpR4tVw8YbNc3Df6Gj1Ss5Ua0Ee"
TOKENS = {
    "private key": "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
    "AWS access key id": "AKIA" + "Q3EGRTZ7XNVPL2HB",
    "AWS secret access key": 'aws_secret_access_key = "' + RANDOM + "ab/+" + '"',
    "GitHub token": "ghp_" + RANDOM,
    "GitHub fine-grained token": "github_pat_" + RANDOM * 2,
    "GitLab token": "glpat-" + RANDOM[:20],
    "Slack token": "xoxb-" + "123456789012-" + RANDOM,
    "Slack webhook": "https://hooks.slack.com/services/T" + "0ABCDEFGH/B0ABCDEFGH/" + RANDOM[:24],
    "Stripe key": "sk_live_" + RANDOM[:24],
    "Google API key": "AIza" + RANDOM[:35],
    "npm token": "npm_" + RANDOM,
    "Python package index token": "pypi-" + "AgEIcHlwaS5vcmc" + RANDOM * 2,
    "SendGrid key": "SG." + RANDOM[:22] + "." + (RANDOM + RANDOM)[:43],
    "OpenBao or Vault token": "hvs." + RANDOM,
    "age secret key": "AGE-SECRET-KEY-1" + (RANDOM.upper() * 2)[:58],
    "Azure storage key": "AccountKey=" + (RANDOM * 3)[:86] + "==",
    "JSON web token": "eyJ" + RANDOM + ".eyJ" + RANDOM + "." + RANDOM,
    "password in an address": "postgres://app:" + RANDOM[:12] + "@db.internal:5432/app",
}
INNOCENT = (
    "AKIAIOSFODNN7EXAMPLE",
    "postgres://app:${DB_PASSWORD}@db/app",
    "postgres://app:<password>@db/app",
    "postgres://app:********@db/app",
    "https://user@example.com/path:8080",
    "-----BEGIN PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----",
    "sk_test_" + RANDOM[:24],
    "ghp_short",
    "commit 5f700bbf0d5f3c0b2a9d7e1c4b8a6f5e4d3c2b1a",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "arn:aws:iam::593517239005:role/reader",
)


@pytest.mark.parametrize("kind", sorted(TOKENS))
@pytest.mark.parametrize("frame", ["{}", 'key: "{}"', "a={};b", "\t{} # note"])
def test_a_token_is_found_in_any_frame(kind: str, frame: str) -> None:
    line = frame.format(TOKENS[kind]).encode()
    assert kind in [match.kind for match in find_tokens(line)]


@pytest.mark.parametrize("kind", sorted(TOKENS))
def test_a_marked_sample_is_let_through(kind: str) -> None:
    assert list(find_tokens(TOKENS[kind].encode() + b"  # " + ALLOW_MARK)) == []


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_a_little_like_one_is_left_alone(text: str) -> None:
    assert list(find_tokens(text.encode())) == []


@given(st.binary(max_size=400))
def test_any_bytes_can_be_searched(line: bytes) -> None:
    assert all(0 <= match.start < match.end <= len(line) for match in find_tokens(line))
