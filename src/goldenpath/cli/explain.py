"""``goldenpath explain CODE``: what a code means, why it matters and how to fix it. Works offline, in any folder."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import click

from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state
from goldenpath.errors import NotFound
from goldenpath.model.codes import CodeDoc, all_codes


@click.command()
@click.argument("code", required=False)
@example("goldenpath explain intent.duplicate-key", "goldenpath explain", "goldenpath explain policy.rotation-required --json")
@pass_state
def explain(state: CliState, code: str | None) -> None:
    """Explain an error or rule code; without one, list them all."""
    codes = all_codes()
    if code is None:
        _list_all(state, codes)
        return
    doc = codes.get(code)
    if doc is None:
        raise _unknown(code, codes)
    state.output.data("Explanation", {"code": code, **_fields(doc)}, text=_page(code, doc))


def _list_all(state: CliState, codes: Mapping[str, CodeDoc]) -> None:
    payload = {"codes": [{"code": code, **_fields(doc)} for code, doc in codes.items()]}
    state.output.data(
        "Explanations", payload, text=state.output.table(("CODE", "MEANING"), [(code, doc.title) for code, doc in codes.items()])
    )


def _fields(doc: CodeDoc) -> dict[str, str]:
    return {"title": doc.title, "why": doc.why, "fix": doc.fix, "rule": doc.rule}


def _page(code: str, doc: CodeDoc) -> str:
    lines = [f"{code}: {doc.title}", "", f"Why:  {doc.why}", f"Fix:  {doc.fix}"]
    return "\n".join(lines + ([f"Rule: {doc.rule}"] if doc.rule else []))


def _unknown(code: str, codes: Mapping[str, CodeDoc]) -> NotFound:
    near = difflib.get_close_matches(code.lower(), codes, n=3, cutoff=0.5)
    by_end = [known for known in codes if known.partition(".")[2] == code.lower()]
    nearest = list(dict.fromkeys([*by_end, *near]))
    hint = "nearest: " + ", ".join(nearest) if nearest else "goldenpath explain lists every code"
    return NotFound("cli.code-unknown", "no such code", hint=hint)
