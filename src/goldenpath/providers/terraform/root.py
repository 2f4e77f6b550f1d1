"""The root module that is generated for one environment: the same input gives the same bytes.

JSON instead of HCL, so that a name never has to be quoted twice. Text from the catalog stays in the file of variables; what reaches
the root itself are settings and request ids, and a ``${`` in any of them is written so that Terraform does not interpret it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from goldenpath.model.infrastructure import ExistingRecord, InfrastructureRoot, ReaderRole

MODULE = "secret-catalog"
MODULE_NAME = "catalog"
VARIABLE = "goldenpath_secrets"
ROLE_VARIABLE = "external_secrets_role"
TERRAFORM_VERSIONS = ">= 1.7.0, < 2.0.0"
AWS_PROVIDER = {"source": "hashicorp/aws", "version": "~> 5.100"}
_OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


def render_root(root: InfrastructureRoot, *, backend: str, backend_config: Mapping[str, str]) -> bytes:
    """Return ``main.tf.json``."""
    call: dict[str, Any] = {"source": f"./{MODULE}", VARIABLE: f"${{var.{VARIABLE}}}"}
    if root.reader_role is not None:
        call[ROLE_VARIABLE] = _role(root.reader_role, root.environment)
    document = {
        "terraform": {
            "required_version": TERRAFORM_VERSIONS,
            "required_providers": {"aws": AWS_PROVIDER},
            "backend": {backend: _literal(dict(backend_config))},
        },
        "provider": {"aws": _provider(root)},
        "variable": {VARIABLE: {"type": "any"}},
        "module": {MODULE_NAME: call},
    }
    return orjson.dumps(document, option=_OPTIONS)


def render_imports(records: Iterable[ExistingRecord]) -> bytes:
    """Return ``imports.tf.json``, which takes records over as they are. Their ARNs end in six characters that only AWS knows."""
    known = sorted(records, key=lambda each: each.request_id)
    named = {each.request_id: each.name for each in known}
    restricted = {each.request_id: each.request_id for each in known if each.has_policy}
    rotating = {each.request_id: each.request_id for each in known if each.has_rotation}
    found = "data.aws_secretsmanager_secret.existing[each.key].arn"
    taken_over = (
        ("aws_secretsmanager_secret", "existing"),
        ("aws_secretsmanager_secret_policy", "restricted"),
        ("aws_secretsmanager_secret_rotation", "rotating"),
    )
    document = {
        "locals": {"existing": _literal(named), "restricted": restricted, "rotating": rotating},
        "data": {"aws_secretsmanager_secret": {"existing": {"for_each": "${local.existing}", "name": "${each.value}"}}},
        "import": [_import(kind, names, found) for kind, names in taken_over],
    }
    return orjson.dumps(document, option=_OPTIONS)


def render_cli_config(mirror: str | None) -> bytes:
    """Return the CLI configuration: no call home, and providers from the mirror alone when one is set."""
    lines = ["disable_checkpoint = true"]
    if mirror is not None:
        # a JSON string is an HCL string, save for the two marks of a template
        lines += ["provider_installation {", "  filesystem_mirror {", f"    path = {orjson.dumps(_literal(mirror)).decode()}", "  }", "}"]
    return ("\n".join(lines) + "\n").encode()


def _provider(root: InfrastructureRoot) -> dict[str, Any]:
    provider: dict[str, Any] = {"region": root.region, "allowed_account_ids": [root.account]}
    if root.profile:
        provider["profile"] = _literal(root.profile)
    if root.role_arn:
        provider["assume_role"] = [{"role_arn": _literal(root.role_arn), "session_name": _literal(root.session_name)}]
    return provider


def _role(role: ReaderRole, environment: str) -> dict[str, Any]:
    texts = {"name": role.name, "environment": environment, "trust_policy": role.trust_policy, "policy": role.policy}
    return {name: _literal(text) for name, text in texts.items()}


def _import(kind: str, names: str, arn: str) -> dict[str, str]:
    return {"for_each": f"${{local.{names}}}", "to": f"module.{MODULE_NAME}.{kind}.this[each.key]", "id": f"${{{arn}}}"}


def _literal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _literal(item) for key, item in value.items()}
    return value.replace("${", "$${").replace("%{", "%%{") if isinstance(value, str) else value
