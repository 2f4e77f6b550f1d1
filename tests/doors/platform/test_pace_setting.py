"""``apply.pace`` reaches the store that a verb opens, and environments of one account share it (R22)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.gitrepo import GitRepo
from tests.stores import make_ref

from goldenpath.bootstrap import open_platform
from goldenpath.errors import Misconfigured
from goldenpath.providers.local.shared_pace import PACE_FILE

HEADER = "apiVersion: goldenpath.io/v1\nkind: Platform\n"
PACED = HEADER + "apply:\n  pace:\n    local:\n      read: 10000\n"
ACCOUNTS = """\
environments:
  dev:
    account: "111122223333"
  staging:
    account: "111122223333"
  prod:
    account: "444455556666"
"""


def buckets_after_looking(folder: Path, settings: str) -> set[str]:
    GitRepo(folder)
    (folder / "goldenpath.yaml").write_text(settings, "utf-8")
    services = open_platform(folder)
    for environment in ("dev", "staging", "prod"):
        services.store(environment, "aws-secrets-manager").describe(make_ref(environment=environment))
    services.close()
    kept = folder / ".goldenpath" / PACE_FILE
    return set(msgspec.json.decode(kept.read_bytes())) if kept.exists() else set()


@pytest.mark.parametrize(
    ("settings", "buckets"),
    [
        pytest.param(HEADER, set(), id="the embedded store keeps no pace by itself"),
        pytest.param(PACED, {"local/default/us-east-1/read"}, id="one pace without accounts"),
        pytest.param(
            PACED + ACCOUNTS, {"local/111122223333/us-east-1/read", "local/444455556666/us-east-1/read"}, id="one pace for each account"
        ),
    ],
)
def test_a_store_keeps_the_pace_of_its_account(tmp_path: Path, settings: str, buckets: set[str]) -> None:
    assert buckets_after_looking(tmp_path / "platform", settings) == buckets


def test_a_pace_for_an_unknown_backend_is_refused_instead_of_doing_nothing(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"store\.backend-unknown") as caught:
        buckets_after_looking(tmp_path / "platform", PACED.replace("local", "aws-secretsmanager"))
    assert "apply.pace" in caught.value.hint
