"""``goldenpath schema``: print the JSON Schema of a kind of file, for editors and other tools. Works offline, in any folder."""

from __future__ import annotations

import click

from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state

KINDS = ("request", "sidecar", "settings", "enums", "policy", "approvers", "tombstones", "drift-ignores")
"""The kinds of :data:`goldenpath.intent.schema.KINDS`, named here so that help and completion need not import the contracts."""


@click.command()
@click.argument("kind", type=click.Choice(KINDS), default="request")
@example("goldenpath schema", "goldenpath schema policy > policy.schema.json")
@pass_state
def schema(state: CliState, kind: str) -> None:
    """Print the JSON Schema (draft 2020-12) of KIND, by default of a request.

    The document is the schema itself: it carries $schema and $id instead of schema_version.
    """
    from goldenpath.intent.schema import schema_bytes

    if state.output.format == "yaml":
        import yaml

        state.output.document(yaml.safe_dump(_plain(schema_bytes(kind)), sort_keys=False, allow_unicode=True))
    else:
        state.output.document(schema_bytes(kind).decode("utf-8"))


def _plain(document: bytes) -> object:
    import msgspec

    return msgspec.json.decode(document)
