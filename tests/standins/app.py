"""The stand-in's WSGI application: every call is recorded, meets its faults, is judged by AWS's rules, and only then reaches moto.

One lock around judging and effect makes each call atomic, as a record's changes are at AWS; faults and hooks run outside of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from tests.standins import access, moto_state, parameter_limits, policy_validation, secret_limits, trail
from tests.standins.access import Principals, StandInPrincipal
from tests.standins.calls import CallLog
from tests.standins.clock import StandInClock
from tests.standins.faults import AnswerDropped, Faults
from tests.standins.lag import Lag
from tests.standins.parameter_state import ParameterRules
from tests.standins.secret_state import SecretRules
from tests.standins.wire import AwsAnswer, AwsRefusal, AwsRequest, Environ, StartResponse, read_request, refused_answer

CONSOLE_KEY: Final = "AKIASTANDINCONSOLE00"


class StrictAwsApp:
    """AWS as far as the tests need it: moto behind the rules that moto does not keep."""

    def __init__(self) -> None:
        self.clock = StandInClock()
        self.faults = Faults()
        self.log = CallLog(self.clock.seconds)
        self.principals = Principals()
        self.secrets = SecretRules(self.clock, self.faults.disabled_keys)
        self.parameters = ParameterRules(self.clock, self.faults.disabled_keys)
        self.missing_principals: set[str] = set()
        self.trail_lag_seconds = 0.0
        self._lag = Lag(self.clock.seconds, lambda: self.faults.list_lag_seconds)
        self.faults.on_lag = self._lag.forget
        self._moto = moto_state.application()
        self._lock = threading.RLock()

    def reset(self) -> None:
        """Forget everything: records, calls, faults, principals and time."""
        with self._lock:
            moto_state.reset()
            for part in (self.clock, self.principals, self.secrets, self.parameters):
                part.reset()
            self.faults.clear()
            self.log.clear()
            self.missing_principals.clear()
            self.trail_lag_seconds = 0.0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request = read_request(environ)
        if request is None:
            return moto_state.ask_raw(self._moto, environ).send(start_response)
        return self._answer(request).send(start_response)

    def _answer(self, request: AwsRequest) -> AwsAnswer:
        principal = self.principals.find(request.access_key)
        request = replace(request, account=principal.account)
        place, call = self.log.arrive(request, principal=principal.caller_arn, is_console=request.access_key == CONSOLE_KEY)
        try:
            with self.parameters.writing(request), self.faults.around(call):
                answer = self._effect(request, principal)
        except AwsRefusal as refusal:
            answer = refused_answer(refusal, request)
        except AnswerDropped:
            self.log.finish(place, call, status=0, error_code="AnswerDropped")
            raise
        self.log.finish(place, call, status=answer.status, error_code=answer.error_code())
        return answer

    def _effect(self, request: AwsRequest, principal: StandInPrincipal) -> AwsAnswer:
        with self._lock:
            own = self._own_answer(request)
            if own is not None:
                return own
            request = self._judged(access.at_its_owner(request), principal)
            request, denied = access.split_batch(request, principal)
            self._lag.before(request)
            with self._lag.applied(request):
                own = self.secrets.own_answer(request) if request.service == "secretsmanager" else None
                answer = own or self._amended(request, moto_state.ask(self._moto, request))
            self._lag.after(request)
        if denied and answer.is_success:
            tree = answer.tree()
            answer = answer.with_tree({**tree, "Errors": [*tree["Errors"], *denied]})
        return answer

    def _own_answer(self, request: AwsRequest) -> AwsAnswer | None:
        """Answer what moto cannot."""
        if (request.service, request.operation) == ("cloudtrail", "LookupEvents"):
            return trail.lookup(request, self.log.all(), until=self.clock.seconds() - self.trail_lag_seconds)
        if request.operation == "ValidateResourcePolicy":
            return policy_validation.validate(request, self.missing_principals)
        return None

    def _judged(self, request: AwsRequest, principal: StandInPrincipal) -> AwsRequest:
        """Return the request as AWS reads it. Raises ``AwsRefusal``."""
        if request.service == "secretsmanager":
            secret_limits.check(request)
            access.check(request, principal)
            self.secrets.check(request)
            if request.operation == "PutResourcePolicy":
                policy_validation.check_put(request, self.missing_principals)
        elif request.service == "ssm":
            request = parameter_limits.check(request)
            access.check(request, principal)
            self.parameters.check(request)
        return request

    def _amended(self, request: AwsRequest, answer: AwsAnswer) -> AwsAnswer:
        if request.service == "secretsmanager":
            return self.secrets.amend(request, answer)
        if request.service == "ssm":
            return self.parameters.amend(request, answer)
        return self.principals.learn(request, answer)
