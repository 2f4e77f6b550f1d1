"""``goldenpath schema``: print the JSON Schema of a kind of file, for editors and other tools. Works offline, in any folder."""

from __future__ import annotations

import click

from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state

KINDS = ("request", "sidecar", "settings", "enums", "policy", "approvers", "tombstones", "drift-ignores")
"""The kinds of :data:`goldenpath.intent.schema.KINDS`, named here so that help and completion need not import the contracts."""
_WORDED = ("request", "sidecar")


@click.command()
@click.argument("kind", type=click.Choice(KINDS), default="request")
@click.option("--platform", is_flag=True, help="With the words of this platform's enums; of a request or a sidecar.")
@example(
    "goldenpath schema",
    "goldenpath schema policy > policy.schema.json",
    "goldenpath schema request --platform > schemas/goldenpath/request.json",
)
@pass_state
def schema(state: CliState, kind: str, platform: bool) -> None:
    """Print the JSON Schema (draft 2020-12) of KIND, by default of a request.

    The document is the schema itself: it carries $schema and $id instead of schema_version. Where a platform keeps the one of a request as
    schemas/goldenpath/request.json, new request files point editors to it.
    """
    from goldenpath.intent.schema import schema_bytes

    document = _of_platform(state, kind) if platform else schema_bytes(kind)
    if state.output.format == "yaml":
        import yaml

        state.output.document(yaml.safe_dump(_plain(document), sort_keys=False, allow_unicode=True))
    else:
        state.output.document(document.decode("utf-8"))


def _of_platform(state: CliState, kind: str) -> bytes:
    from goldenpath.app.author import open_author
    from goldenpath.intent.schema import platform_schema_bytes

    if kind not in _WORDED:
        raise click.UsageError(f"--platform is for {' and '.join(_WORDED)}: nothing else holds words of the platform's enums")
    return platform_schema_bytes(kind, open_author(state.directory).enums)


def _plain(document: bytes) -> object:
    import msgspec

    return msgspec.json.decode(document)
