"""Approvals bind what a change would render. A release that renders differently must say so, or old approvals would silently be void.

When this fails: raise ``EFFECTS_VERSION`` in model/change.py and add the new pair here. A changed *content* digest is worse: it voids
every approval ever given, so the canonical form of requests must stay as it is; give new fields a default instead.
"""

from __future__ import annotations

from tests.builders import make_request

from goldenpath.app.effects import effects_digest
from goldenpath.model.change import EFFECTS_VERSION, Change, RequestChange
from goldenpath.model.settings import Settings

EFFECTS = {
    1: "sha256:8b6d360945f3c2754bfc05098c455d577d2b7ba73d6c26a6a7cd5c68929a2f38",
    2: "sha256:8b6d360945f3c2754bfc05098c455d577d2b7ba73d6c26a6a7cd5c68929a2f38",  # requests of provider aws-parameter-store only
    3: "sha256:8b6d360945f3c2754bfc05098c455d577d2b7ba73d6c26a6a7cd5c68929a2f38",  # platforms that name accounts: roles, tags by writers
    4: "sha256:8b6d360945f3c2754bfc05098c455d577d2b7ba73d6c26a6a7cd5c68929a2f38",  # platforms that name accounts: the pipeline replicates
}
CONTENT = "sha256:24c3230889f7536a50bb77cdf34624447356c5d43cf5fa03c4fb58ce1695a347"


def test_rendering_differently_raises_the_effects_version() -> None:
    request = make_request()
    change = RequestChange(id=request.id, before=None, after=request)
    assert effects_digest([change], Settings(), {}) == EFFECTS[EFFECTS_VERSION]


def test_the_canonical_form_of_a_change_never_changes() -> None:
    request = make_request()
    change = Change(
        merge_base="a" * 40,
        head="b" * 40,
        requests=(RequestChange(id=request.id, path_after="p", after=request),),
        policy_revision="sha256:x",
    )
    assert change.content_digest == CONTENT
