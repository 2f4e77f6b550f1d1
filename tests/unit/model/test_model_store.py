from __future__ import annotations

from tests.stores import make_desired

from goldenpath.model import store
from goldenpath.model.base import digest


def test_the_digest_of_no_replicas_is_the_one_written_out() -> None:
    assert digest("").removeprefix("sha256:")[:12] == store._NOTHING
    assert make_desired().field_digests["replicas"] == store._NOTHING
