"""The rules of the contract in words: what each pattern and limit means, and where a limit comes from (R6, STANDARD section 2)."""

from __future__ import annotations

from typing import Any, Final

from goldenpath.intent.excerpt import Path
from goldenpath.model import drift, enums, forge_settings, request, rollout_settings, settings, tombstones

_LABEL = "lower-case letters, digits and hyphens, starting and ending with a letter or digit (a DNS-1123 label)"


def _pattern_of(annotated: Any) -> str:
    pattern: str = annotated.__metadata__[0].pattern
    return pattern


PATTERNS: Final[dict[str, str]] = {
    request.ID_PATTERN: "SEC- and 4 to 12 digits",
    drift.FIELD_PATTERN: "description, kms_key, tag:<key>, external-secret:refreshInterval or external-secret:refreshPolicy; "
    "the policy and the platform's own tags cannot be ignored",
    request.LABEL_PATTERN: _LABEL,
    request.SUBDOMAIN_PATTERN: (
        "lower-case letters, digits, hyphens and dots, each part starting and ending with a letter or digit (a DNS-1123 subdomain)"
    ),
    request.KEY_PATTERN: "letters, digits, '_', '.' and '-', starting with a letter or '_'",
    request.TEXT_PATTERN: "printable text on one line",
    r"^[a-z][a-z_]*$(?!\n)": "lower-case letters and underscores",
    _pattern_of(request.IsoDate): "a date as YYYY-MM-DD",
    _pattern_of(forge_settings.ApiAddress): "the base address of an API, such as https://api.github.com, without a slash at its end",
    _pattern_of(forge_settings.ForgeRepository): "owner/name, as the forge writes it",
    _pattern_of(enums.Word): "lower-case letters, digits, hyphens and underscores, starting and ending with a letter or digit",
    _pattern_of(settings.RelativePath): "a path inside the repository, with '/', without '..'",
    _pattern_of(settings.FolderPath): "a folder, printable on one line",
    _pattern_of(settings.Account): "12 digits, in quotes",
    _pattern_of(settings.Region): "a region such as us-east-1",
    _pattern_of(settings.LambdaArn): "the full ARN of one Lambda function, without wildcard",
    _pattern_of(settings.RoleArn): "the full ARN of one IAM role, without wildcard",
    _pattern_of(settings.Duration): "0 or a whole number and one of s, m, h, such as 1h",
    _pattern_of(settings.LabelKey): "a label of Kubernetes such as example.com/managed",
    _pattern_of(settings.LabelText): "letters, digits and . _ -, at most 63, starting and ending with a letter or digit",
    _pattern_of(rollout_settings.TimeOfDay): "a time of day as HH:MM, 24:00 for its end",
    r"^[a-z0-9{}.-]+$(?!\n)": "the name of an Argo CD application; {environment} stands for the environment's name",
    r"^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?$(?!\n)": "the uid of a cluster's namespace kube-system, in lower case",
    _pattern_of(settings.OidcProvider): "the host and path of an OIDC provider, without https://",
    _pattern_of(settings.RepositoryName): "one repository as <owner>/<name>, without wildcard",
    _pattern_of(settings.GitRef): "one full ref such as refs/heads/main, without wildcard",
    r"^[A-Za-z0-9._/-]+$(?!\n)": "letters, digits and . _ / -",
    r"^https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?$(?!\n)": "the address of a server, https://<name>[:<port>], without a path",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$(?!\n)": "letters, digits and . _ -, starting with a letter or digit",
    _pattern_of(tombstones.StorePath): "a store path of letters, digits and / _ + = . @ -",
}
"""Pattern of a schema → what it asks for. A test holds that none is missing."""

LENGTH_REASONS: Final[dict[Path, str]] = {
    ("metadata", "name"): "'<name>-sync' must fit a Kubernetes label of 63",
    ("metadata", "service"): "it becomes a Kubernetes label of at most 63",
    ("metadata", "environment"): "it becomes a Kubernetes label of at most 63",
    ("spec", "access", "namespace"): "a Kubernetes namespace is a label of at most 63",
    ("spec", "access", "k8sSecretName"): "a Kubernetes object name holds at most 253",
    ("spec", "keys", "name"): "a key of a Kubernetes Secret holds at most 253",
    ("spec", "access", "readPrincipals"): "an IAM ARN holds at most 2048",
    ("spec", "access", "writePrincipals"): "an IAM ARN holds at most 2048",
    ("spec", "access", "breakGlassPrincipals"): "an IAM ARN holds at most 2048",
}
"""Field → the derived limit behind its length. Store names (Secrets Manager 512, Parameter Store 1011) then always fit."""


def length_reason(path: Path) -> str:
    """Return why the field at ``path`` may not be longer, or an empty string."""
    return LENGTH_REASONS.get(tuple(part for part in path if isinstance(part, str)), "")


def first_odd_character(text: str) -> str:
    """Return where and what the first character is that no identifier holds, or an empty string; never more than that character."""
    for number, char in enumerate(text, start=1):
        if not (char.isascii() and (char.islower() or char.isdigit() or char == "-")):
            shown = f"'{char}'" if char.isascii() and char.isprintable() and not char.isalnum() else _kind_of(char)
            return f"character {number} is {shown}"
    return ""


def _kind_of(char: str) -> str:
    if char.isascii() and char.isupper():
        return "an upper-case letter"
    return "not ASCII" if not char.isascii() else f"U+{ord(char):04X}"
