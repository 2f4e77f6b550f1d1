"""What status, preview and the inventory say of native rotation, for every state a record can be in."""

from __future__ import annotations

import pytest
from msgspec import UNSET
from tests.builders import make_request
from tests.stores import make_desired, make_ref, make_rotation

from goldenpath.app.native_rotation import RotationState, native_rotation_state
from goldenpath.cli.rotation_lines import rotation_line
from goldenpath.model.policy import ClassCadence
from goldenpath.model.rotation import NativeRotation, RotationDates
from goldenpath.model.settings import EnvironmentSettings, RotatorSettings, Settings, StoreSettings
from goldenpath.model.store import TAG_APPLIED, TAG_ID, StoreRecord, VersionInfo

FUNCTION = "arn:aws:lambda:us-east-1:593517239005:function:rotate"
SETTINGS = Settings(
    environments={
        "dev": EnvironmentSettings(
            account="593517239005",
            stores={"aws-secrets-manager": StoreSettings(backend="aws-secrets-manager")},
            rotators={
                "postgres": RotatorSettings(
                    lambda_arn=FUNCTION, role_arn="arn:aws:iam::593517239005:role/rotate", secret_types=("database-credentials",)
                )
            },
        )
    }
)
CADENCES = {"standard": ClassCadence(every_days=90, max_age_days=120)}
ROTATED, PLAIN = make_request({"spec": {"rotation": {"rotator": "postgres"}}}), make_request()
WANTED, OTHER = make_rotation(days=90, function=FUNCTION), make_rotation(days=7, function=FUNCTION)
CURRENT, PENDING = VersionInfo(id="v1", stages=("current",)), VersionInfo(id="v2", stages=("pending",))
DATES = RotationDates(last="2026-01-02T03:04:05.000000Z", next="2026-04-02T00:00:00.000000Z")


def record(
    rotation: NativeRotation | None, *versions: VersionInfo, owner: str = "SEC-0007", left: NativeRotation | None = None
) -> StoreRecord:
    """A record that the platform left with the settings ``left``."""
    applied = make_desired(rotation=left).applied_tag
    return StoreRecord(
        ref=make_ref(),
        tags=((TAG_APPLIED, applied), (TAG_ID, owner)),
        versions=versions,
        native_rotation=rotation or UNSET,
        rotated=DATES if rotation else UNSET,
    )


TWICE = "last 2026-01-02, next 2026-04-02"
BY_US = "not rotated by the store; its class asks for a new value every 90 days"


@pytest.mark.parametrize(
    ("is_asked", "found", "state", "line"),
    [
        (False, None, "none", BY_US),
        (False, record(None, CURRENT), "none", BY_US),
        (False, record(WANTED, CURRENT, owner="SEC-0001"), "none", BY_US),
        (True, None, "waits", "by postgres, every 90 days: waits for a first value"),
        (True, record(None), "waits", "by postgres, every 90 days: waits for a first value"),
        (True, record(None, CURRENT), "to-apply", "by postgres, every 90 days: the next apply changes it"),
        (True, record(None, CURRENT, left=WANTED), "drifted", "by postgres, every 90 days: changed outside the platform"),
        (True, record(WANTED, CURRENT, left=WANTED), "on", f"by postgres, every 90 days: on; {TWICE}"),
        (True, record(WANTED, CURRENT), "on", f"by postgres, every 90 days: on; {TWICE}"),
        (True, record(OTHER, CURRENT, left=OTHER), "to-apply", f"by postgres, every 7 days: the next apply changes it; {TWICE}"),
        (True, record(OTHER, CURRENT, left=WANTED), "drifted", f"by postgres, every 7 days: changed outside the platform; {TWICE}"),
        (True, record(WANTED, CURRENT, PENDING), "under-way", f"by postgres, every 90 days: a rotation is under way; {TWICE}"),
        (False, record(OTHER, CURRENT), "drifted", f"by {FUNCTION}, every 7 days: changed outside the platform; {TWICE}"),
        (False, record(OTHER, CURRENT, left=OTHER), "to-apply", f"by {FUNCTION}, every 7 days: the next apply changes it; {TWICE}"),
    ],
)
def test_each_state_is_told(is_asked: object, found: StoreRecord | None, state: RotationState, line: str) -> None:
    request = ROTATED if is_asked else PLAIN
    native = native_rotation_state(request, SETTINGS, CADENCES, found)
    assert native.state == state
    assert rotation_line(native) == line


def test_what_was_not_looked_at_is_unknown() -> None:
    native = native_rotation_state(ROTATED, SETTINGS, CADENCES, None, is_seen=False)
    assert (native.state, native.cadence) == ("unknown", "every 90 days")
    assert rotation_line(native).endswith("the store was not observed")


def test_a_class_without_rotation_asks_for_nothing() -> None:
    request = make_request({"spec": {"rotation": {"rotationClass": "none"}}})
    assert rotation_line(native_rotation_state(request, SETTINGS, CADENCES, None)).endswith("asks for no new value")
