"""Rotation settings as AWS keeps them. moto refuses after it has changed its state, forgets schedules, and leaves the test's label behind.

A function is an ARN here: whether it exists and lets Secrets Manager call it is one fact, as it is for whoever sets rotation.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.standins import schedule
from tests.standins.clock import DAY_SECONDS, StandInClock, start_of_day
from tests.standins.wire import AwsAnswer, AwsRefusal, AwsRequest, json_answer

OPERATIONS: Final = frozenset({"CancelRotateSecret", "RotateSecret"})
_SETTINGS: Final = "standin_rotation"


class Rotations:
    """Answers RotateSecret and CancelRotateSecret, and shows what they left.

    Args:
        clock: The stand-in's time.
    """

    def __init__(self, clock: StandInClock) -> None:
        self._clock = clock
        self.functions: set[str] = set()

    def reset(self) -> None:
        self.functions.clear()

    def check(self, request: AwsRequest, secret: Any) -> None:
        """Refuse what AWS refuses, before anything is changed. Raises ``AwsRefusal``."""
        if request.operation == "CancelRotateSecret":
            if not settings_of(secret):
                raise _request("You tried to cancel rotation on a secret that has none configured.")
            return
        function = request.text("RotationLambdaARN") or settings_of(secret).get("RotationLambdaARN", "")
        if len(function) > schedule.FUNCTION_MAX_CHARS:
            raise AwsRefusal("ValidationException", "RotationLambdaARN is too long")
        if "RotationRules" in request.parameters:
            schedule.check_rules(request.parameters["RotationRules"])
        pending, current = (_holders(secret, label) for label in ("AWSPENDING", "AWSCURRENT"))
        if not current:
            raise _request("You can't rotate a secret that has no value.")
        if pending and pending != current:
            raise _request("A previous rotation isn't complete. That rotation will be reattempted.")
        if not function:
            raise _request("No Lambda rotation function ARN is associated with this secret.")
        if not settings_of(secret) and "RotationRules" not in request.parameters:
            raise _parameter("You must specify a rotation schedule.")
        if function not in self.functions:
            raise AwsRefusal("AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function.")

    def answer(self, request: AwsRequest, secret: Any) -> AwsAnswer:
        """Do it."""
        if request.operation == "CancelRotateSecret":
            vars(secret)[_SETTINGS] = {**settings_of(secret), "RotationEnabled": False}
            return json_answer({"ARN": secret.arn, "Name": secret.name})
        before = settings_of(secret)
        vars(secret)[_SETTINGS] = {
            "RotationEnabled": True,
            "RotationLambdaARN": request.text("RotationLambdaARN") or before["RotationLambdaARN"],
            "RotationRules": dict(request.parameters.get("RotationRules") or before["RotationRules"]),
        }
        token = request.text("ClientRequestToken")
        if request.parameters.get("RotateImmediately", True):
            self.begin(secret, token)
        # otherwise the function only tests, with a pending version that AWS takes away again
        return json_answer({"ARN": secret.arn, "Name": secret.name, "VersionId": token})

    def begin(self, secret: Any, token: str) -> None:
        """Leave an empty pending version, as AWS does when it calls the function."""
        for version in secret.versions.values():
            version["version_stages"] = [stage for stage in version["version_stages"] if stage != "AWSPENDING"]
        secret.versions[token] = {"createdate": self._clock.seconds(), "version_id": token, "version_stages": ["AWSPENDING"]}

    def finish(self, secret: Any) -> None:
        """Note that the function ended well: it moved the labels itself."""
        secret.last_rotation_date = self._clock.seconds()

    def shown(self, secret: Any) -> dict[str, Any]:
        """Return what AWS shows of a secret's rotation, described and listed alike."""
        settings = settings_of(secret)
        if not settings:
            return {"NextRotationDate": None}
        following = self._next(settings, secret) if settings["RotationEnabled"] else None
        rules = dict(settings["RotationRules"])
        if "ScheduleExpression" in rules and secret.last_rotation_date is not None and following is not None:
            # worked out from the schedule after each rotation
            rules["AutomaticallyAfterDays"] = max(1, round((following - secret.last_rotation_date) / DAY_SECONDS))
        return {**settings, "RotationRules": rules, "LastRotatedDate": secret.last_rotation_date, "NextRotationDate": following}

    def _next(self, settings: Mapping[str, Any], secret: Any) -> float:
        rules = settings["RotationRules"]
        since = secret.last_rotation_date or self._clock.seconds()
        if str(rules.get("ScheduleExpression", "")).startswith("cron("):
            today = datetime.fromtimestamp(since, UTC).date()
            day = next(schedule.openings(rules["ScheduleExpression"], today + timedelta(days=1)))
            return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        days = rules.get("AutomaticallyAfterDays") or int(rules["ScheduleExpression"].removeprefix("rate(").split(" ")[0])
        return start_of_day(since) + int(days) * DAY_SECONDS


def settings_of(secret: Any) -> dict[str, Any]:
    """Return the rotation settings that a secret was given; empty when it never had any."""
    found: dict[str, Any] = vars(secret).get(_SETTINGS, {})
    return found


def _holders(secret: Any, stage: str) -> set[str]:
    return {name for name, version in secret.versions.items() if stage in version["version_stages"]}


def _request(message: str) -> AwsRefusal:
    return AwsRefusal("InvalidRequestException", message)


def _parameter(message: str) -> AwsRefusal:
    return AwsRefusal("InvalidParameterException", message)
