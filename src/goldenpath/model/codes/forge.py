"""Codes of forges."""

from __future__ import annotations

from goldenpath.model.codes import CodeDoc

_HOW = "See docs/how-to/connect-a-forge.md."

CODES: dict[str, CodeDoc] = {
    "forge.not-configured": CodeDoc(
        title="It is not stated where pull requests live",
        why="goldenpath.yaml does not name the forge, and no workflow says where it runs.",
        fix=f"Set forge.kind, forge.url and forge.repository. {_HOW}",
    ),
    "forge.not-stated": CodeDoc(
        title="Reviews count, and the reviewed settings name no forge",
        why="A variable that chooses the forge would choose whose reviews count.",
        fix="Set forge.url and forge.repository in goldenpath.yaml, beside approvals.source.",
        rule="R15",
    ),
    "forge.unavailable": CodeDoc(
        title="The forge did not answer",
        why="It could not be reached, was too slow, or failed. Nobody knows what it would have said, so nothing counts as approved.",
        fix="Look at its status page, then run the same command again.",
        rule="R15",
    ),
    "forge.throttled": CodeDoc(
        title="The forge asks to wait",
        why="The token's account asked too much, here or elsewhere, and the wait is longer than a command may last.",
        fix="Run the same command again later; give the platform a token or a GitHub App of its own.",
        rule="R22",
    ),
    "forge.unauthenticated": CodeDoc(
        title="The forge does not accept the token",
        why="The token is wrong, expired or revoked.",
        fix=f"Make a new one and export it as GOLDENPATH_FORGE_TOKEN. {_HOW}",
    ),
    "forge.forbidden": CodeDoc(
        title="The token lacks a right",
        why="Reading reviews, activity and teams, and writing comments, statuses and issues, are rights of their own.",
        fix=f"Give the token the rights that are listed. {_HOW}",
    ),
    "forge.not-found": CodeDoc(
        title="The forge shows no such thing to this token",
        why="It is not there, or the token may not see it: a forge answers alike.",
        fix="Check the number and forge.repository, and what the token may read.",
    ),
    "forge.refused": CodeDoc(
        title="The forge refused",
        why="It understood and said no, or sent us elsewhere. Its own words are not shown: they can repeat what strangers wrote.",
        fix="Look at the pull request on the forge. After a rename, set the new name in forge.repository.",
    ),
    "forge.answer-invalid": CodeDoc(
        title="The answer cannot be used",
        why="It is none of this API's, or lacks what a decision needs. A guess could approve something.",
        fix="Check forge.url and forge.kind.",
        rule="R15",
    ),
    "forge.text-too-long": CodeDoc(
        title="The text is longer than a forge takes",
        why="A comment that is cut could lose its verdict, so nothing was written.",
        fix="Fold or leave out details, and keep the whole as an artifact.",
    ),
    "forge.client-missing": CodeDoc(
        title="The library for forges is not installed",
        why="What speaks to forges (urllib3) is an optional part, so that platforms without one do not carry it.",
        fix="pip install 'goldenpath[forge]'",
    ),
    "forge.unencrypted": CodeDoc(
        title="The token would travel in clear",
        why="The address begins with http://, so anybody on the way could read the token.",
        fix="Use https://.",
        rule="R37",
    ),
    "forge.certificate-untrusted": CodeDoc(
        title="The forge's certificate is not to be trusted",
        why="It is signed by an authority that this machine does not know, or belongs to another host.",
        fix="Name the authority's certificates with SSL_CERT_FILE, or correct forge.url.",
        rule="R37",
    ),
    "forge.token-missing": CodeDoc(
        title="There is no token for the forge",
        why="Tokens come from the environment alone; none is set.",
        fix=f"Export GOLDENPATH_FORGE_TOKEN; in a workflow, pass GITHUB_TOKEN to the step. {_HOW}",
    ),
    "forge.token-malformed": CodeDoc(
        title="The token holds characters that no token has",
        why="A line break or a space came with it, or it is something else. It is not shown.",
        fix="Export it again, without quotes and line breaks.",
    ),
    "forge.app-key-unusable": CodeDoc(
        title="The key of the GitHub App cannot be used",
        why="Its file is not named, not readable, readable for others, or holds no RSA key in PEM.",
        fix="Download the App's private key, keep it with mode 600, and name it in GOLDENPATH_FORGE_APP_KEY.",
    ),
}
