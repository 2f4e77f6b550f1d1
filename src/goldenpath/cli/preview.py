"""``goldenpath preview``: the whole chain of a change as one page, for a terminal, a pull request or a machine."""

from __future__ import annotations

import click

from goldenpath.cli.exit_codes import Exit
from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state


@click.command()
@click.option("--base", required=True, metavar="REF", help="Protected base; its rules judge.")
@click.option("--head", default="HEAD", metavar="REF", help="What is proposed. [default: HEAD]")
@click.option("--exit-code", "wants_code", is_flag=True, help="End with 1 when the change would change something.")
@example("goldenpath preview --base main", "goldenpath preview --base main --head request/SEC-0007 -o markdown")
@pass_state
def preview(state: CliState, base: str, head: str, wants_code: bool) -> int:
    """Show everything that merging a change would do: gate, store, access, manifests, consumers and cost.

    Manifests are shown byte for byte as they will be committed. A value is never part of it. Exit codes as for policy check.
    """
    from goldenpath.app.preview import preview_change
    from goldenpath.cli.preview_page import payload, render_markdown, render_text
    from goldenpath.cli.verdict import exit_code_of

    result = preview_change(state.services, base=base, head=head)
    page = render_markdown(result) if state.output.format == "markdown" else render_text(result, state.output)
    state.output.data("Preview", payload(result), text=page, is_markdown=state.output.format == "markdown")
    code = exit_code_of(result.check, fails_on_warning=False, needs_approval=False)
    return Exit.FINDINGS if code is Exit.DONE and wants_code and result.check.change.requests else code
