"""``goldenpath approve``: sign off a change with an SSH key, as a git note bound to the change's digest."""

from __future__ import annotations

import click

from goldenpath.cli.help import example
from goldenpath.cli.state import CliState, pass_state


@click.command()
@click.option("--base", default="main", metavar="REF", help="Protected base; its approvers count. [default: main]")
@click.option("--head", default="HEAD", metavar="REF", help="What is approved. [default: HEAD]")
@click.option("--key", "signing_key", metavar="FILE", help="SSH key, private or public with an agent. [default: git's user.signingkey]")
@click.option("--email", metavar="ADDRESS", help="Who approves. [default: git's user.email]")
@example(
    "goldenpath approve --base main --head request/SEC-0007",
    "goldenpath approve --head request/SEC-0007 --key ~/.ssh/id_ed25519 --email pat@example.com",
)
@pass_state
def approve(state: CliState, base: str, head: str, signing_key: str | None, email: str | None) -> None:
    """Approve a change in your own name.

    The approval is void as soon as the change, its base or its planned effects differ. Authors cannot approve their own change.
    """
    from goldenpath.app.approve import approve_change
    from goldenpath.bootstrap import git_identity
    from goldenpath.cli.approval_lines import approval_rows, approvals_payload

    identity = git_identity(state.services, email=email, signing_key=signing_key)
    signed = approve_change(
        state.services,
        base=base,
        head=head,
        signing_key=identity.signing_key,
        name=identity.name,
        email=identity.email,
    )
    statement = signed.statement
    said = "approved" if signed.object_id else "has approved this already; nothing was written:"
    text = [f"{statement.approver} {said} {statement.head[:12]}", f"change digest {statement.change_digest}"]
    text += [f"  {line}" for line in approval_rows(signed.after)]
    text.append("Every approval needed is there; merge and apply." if signed.after.is_approved else "More approvals are needed.")
    text.append("To share it: git push origin refs/notes/goldenpath-approvals")
    state.output.data(
        "Approval",
        {"statement": statement, "object_id": signed.object_id, "approvals": approvals_payload(signed.after)},
        text="\n".join(text),
    )
