"""Judges a whole batch of values before the first is written: every key, every rule, all faults at once (R2, R3, R29).

A finding names the key and the rule, never the value, a part of it or its length. Writes nothing and keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from goldenpath.injection.formats import EXPECTATIONS, fits_format
from goldenpath.injection.masks import is_mask_or_placeholder
from goldenpath.model.finding import Finding
from goldenpath.model.naming import PARAMETER_PROVIDER
from goldenpath.model.parameter import TIER_BYTES, ParameterTier
from goldenpath.model.payload import encode_payload
from goldenpath.model.request import SUBDOMAIN_MAX, KeySpec, SecretRequest
from goldenpath.model.secret import SecretValue

KUBERNETES_BYTES_MAX: Final = 1_048_576
_SHOWN_MAX: Final = 63
_KUBERNETES_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+")


class _Limit(NamedTuple):
    bytes_max: int
    name: str


_PAYLOAD_LIMITS: Final = {
    "aws-secrets-manager": _Limit(65_536, "Secrets Manager keeps at most 65,536 bytes per secret"),
    "local": _Limit(65_536, "the embedded store keeps at most 65,536 bytes per secret"),
    "openbao": _Limit(524_288, "OpenBao keeps at most 512 KiB per secret"),
}


def check_batch(request: SecretRequest, values: Mapping[str, SecretValue], *, tier: ParameterTier = "standard") -> tuple[Finding, ...]:
    """Return everything that speaks against writing ``values`` as the value of ``request``, sorted; empty means go.

    A request that declares keys wants exactly these; one that declares none takes any valid key, but at least one. ``tier`` is that of
    the parameters, where the provider is Parameter Store.
    """
    declared = {key.name: key for key in request.spec.keys}
    any_key = KeySpec(name="_")
    findings = [
        *_missing_or_extra(request, declared, values),
        *(
            finding
            for name in sorted(values)
            for finding in check_value(request, declared.get(name, any_key), name, values[name], tier=tier)
        ),
        *_judge_sizes(request, values),
    ]
    return tuple(sorted(findings, key=lambda finding: (finding.field, finding.rule)))


def _missing_or_extra(request: SecretRequest, declared: Mapping[str, KeySpec], values: Mapping[str, SecretValue]) -> Iterator[Finding]:
    if not declared and not values:
        yield _finding(
            request,
            "",
            "value.batch-empty",
            "no value was given",
            hint=f"goldenpath seed {request.id} --stdin KEY, --from-file KEY=FILE or --generate KEY",
        )
    for name in sorted(declared.keys() - values.keys()):
        yield _finding(request, name, "value.key-missing", f"no value was given for the declared key {name}")
    if not declared:
        return
    for name in sorted(values.keys() - declared.keys()):
        expected = ", ".join(sorted(declared))
        hint = "declare the key in the request first, or leave it out"
        message = f"the request declares no key {shown_key(name)}"
        yield _finding(request, name, "value.key-undeclared", message, expected=expected, hint=hint)


def check_value(
    request: SecretRequest, spec: KeySpec, name: str, value: SecretValue, *, tier: ParameterTier = "standard"
) -> Iterator[Finding]:
    """Yield everything that speaks against ``value`` under the key ``name``, declared by ``spec``."""
    if len(name) > SUBDOMAIN_MAX or not _KUBERNETES_KEY.fullmatch(name) or name in (".", "..") or name.startswith(".."):
        expected = "1 to 253 letters, digits, '-', '_' or '.', as a Kubernetes Secret takes them"
        yield _finding(request, name, "value.key-invalid", f"{shown_key(name)} cannot be a key of a secret", expected=expected)
        return
    raw = value.reveal()
    if not raw:
        yield _finding(request, name, "value.empty", f"the value of {name} is empty", hint="an empty value is never written")
        return
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        hint = "encode binary material as base64 and declare the key with format: base64"
        yield _finding(request, name, "value.not-text", f"the value of {name} is not UTF-8 text", hint=hint)
        return
    yield from _judge_text(request, spec, name, text)
    yield from _judge_bytes(request, name, raw, tier)


def _judge_text(request: SecretRequest, spec: KeySpec, name: str, text: str) -> Iterator[Finding]:
    if not text.strip():
        yield _finding(request, name, "value.blank", f"the value of {name} is only white space")
        return
    if is_mask_or_placeholder(text):
        hint = "give the real value; what a tool has masked cannot be written back"
        yield _finding(request, name, "value.placeholder", f"the value of {name} is a mask or a placeholder", hint=hint)
    if "\x00" in text:
        hint = "no environment variable can hold it; encode the value as base64"
        yield _finding(request, name, "value.nul", f"the value of {name} holds a NUL character", hint=hint)
    if not fits_format(text, spec.format):
        hint = "a newline at the end counts: --trim-newline takes one away" if text.endswith("\n") else ""
        message = f"the value of {name} is not of its declared format {spec.format}"
        yield _finding(request, name, "value.format", message, expected=EXPECTATIONS[spec.format], hint=hint)


def _judge_bytes(request: SecretRequest, name: str, raw: bytes, tier: ParameterTier) -> Iterator[Finding]:
    if request.spec.provider != PARAMETER_PROVIDER:
        return
    if len(raw) > TIER_BYTES[tier]:
        hint = "goldenpath.yaml chooses the tier, environments.<name>.stores.aws-parameter-store.parameterTier; advanced keeps 8,192 bytes"
        message = f"the value of {name} is over a limit: a parameter of tier {tier} keeps at most {TIER_BYTES[tier]:,} bytes of UTF-8"
        yield _finding(request, name, "value.too-large", message, hint=hint)
    if b"{{" in raw:
        yield _finding(request, name, "value.reference", f"the value of {name} holds '{{{{', which Parameter Store reads as a reference")


def _judge_sizes(request: SecretRequest, values: Mapping[str, SecretValue]) -> Iterator[Finding]:
    total = sum(len(name.encode("utf-8", "surrogatepass")) + len(value.reveal()) for name, value in values.items())
    if total >= KUBERNETES_BYTES_MAX:
        yield _finding(request, "", "value.too-large", "the values are over a limit: a Kubernetes Secret holds less than 1 MiB")
    limit = _PAYLOAD_LIMITS.get(request.spec.provider)
    if limit is not None and _payload_bytes(values) > limit.bytes_max:
        yield _finding(
            request, "", "value.too-large", f"the values are over a limit: {limit.name}", hint="split them over several requests"
        )


def _payload_bytes(values: Mapping[str, SecretValue]) -> int:
    """Return the size of the blob as it will be stored; values that are not text were refused already and count as they are."""
    texts = {name: value for name, value in values.items() if _is_text(value)}
    others = sum(len(value.reveal()) for name, value in values.items() if name not in texts)
    return len(encode_payload(texts).reveal()) + others


def _is_text(value: SecretValue) -> bool:
    try:
        value.reveal().decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def shown_key(name: str) -> str:
    """Return a key's name for a message; a long one may be a piece of a value that was split, and is not repeated."""
    return ascii(name) if len(name) <= _SHOWN_MAX else f"(a name of more than {_SHOWN_MAX} characters)"


def _finding(request: SecretRequest, key: str, rule: str, message: str, *, expected: str = "", hint: str = "") -> Finding:
    field = f"spec.keys.{key}" if key and len(key) <= _SHOWN_MAX else "spec.keys"
    return Finding(rule=rule, level="block", message=message, subject=request.id, field=field, expected=expected, hint=hint)
