"""StrictAws: a stand-in for AWS on loopback. moto gives the services; what AWS refuses and moto does not is refused in front of it.

Start one per process: moto keeps its state in the process. What it knows beyond moto is listed in the modules next to this one.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from tests.standins import calls as call_log
from tests.standins import moto_state
from tests.standins.access import ALLOW_ALL, StandInPrincipal
from tests.standins.app import CONSOLE_KEY, StrictAwsApp
from tests.standins.calls import Call
from tests.standins.faults import Faults
from tests.standins.wire import REGION

ACCOUNT: Final = "123456789012"
RUNNER_KEY: Final = "AKIASTANDINRUNNER000"
RUNNER: Final = f"arn:aws:iam::{ACCOUNT}:user/runner"
"""Who signs with the credentials of ``environment()``: no policy binds it unless ``as_principal`` says so."""
CONSOLE: Final = f"arn:aws:iam::{ACCOUNT}:user/console"
_SECRET_KEY: Final = "stand-in-secret-access-key"


class StrictAws:
    """A running stand-in.

    Args:
        app: The application that answers.
        endpoint: Where it listens.
    """

    account = ACCOUNT
    region = REGION
    runner = RUNNER
    runner_key = RUNNER_KEY

    def __init__(self, app: StrictAwsApp, endpoint: str) -> None:
        self._app = app
        self.endpoint = endpoint
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._keys: dict[str, str] = {}
        self._lock = threading.Lock()
        self.reset()

    @classmethod
    @contextmanager
    def start(cls) -> Iterator[StrictAws]:
        """Serve on a free loopback port until the block ends."""
        from werkzeug.serving import make_server  # noqa: PLC0415 - with moto, only when a stand-in starts

        app = StrictAwsApp()
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_quiet_handler())
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="strict-aws", daemon=True)
        thread.start()
        try:
            yield cls(app, f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def reset(self) -> None:
        """Forget everything: records, calls, faults, principals, time."""
        self._app.reset()
        self._keys = {CONSOLE: CONSOLE_KEY, RUNNER: RUNNER_KEY}
        self._app.principals.register(CONSOLE_KEY, StandInPrincipal(CONSOLE))
        self._app.principals.register(RUNNER_KEY, StandInPrincipal(RUNNER))

    # who

    def environment(self, principal: str = RUNNER) -> dict[str, str]:
        """Return what boto3, the AWS CLI and Terraform read, acting as a principal. ``AWS_PROFILE`` must not be set next to it."""
        return {
            "AWS_ACCESS_KEY_ID": self._key_of(principal),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_SECRET_ACCESS_KEY": _SECRET_KEY,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def client(self, service: str, principal: str | None = None, *, region: str = REGION) -> Any:
        """Return a boto3 client without retries: a person with a console, or a principal (``aws.runner``, or one of ``as_principal``).

        The console meets the limits, and neither faults nor policies; its calls have the number 0 and are not counted.
        """
        wanted = (service, self._key_of(principal or CONSOLE), region)
        with self._lock:
            if wanted not in self._clients:
                self._clients[wanted] = self._open(*wanted)
            return self._clients[wanted]

    def as_principal(self, access_key_id: str, arn: str, *, identity_policy: str = ALLOW_ALL) -> None:
        """Let requests signed with this key act as ``arn``, bound by resource policies and by its own ``identity_policy``.

        A session of a role that is bound is bound too.
        """
        self._keys[arn] = access_key_id
        self._app.principals.register(access_key_id, StandInPrincipal(arn, identity_policy, is_bound=True))

    def use_account(self, access_key_id: str, account: str) -> None:
        """Let these credentials belong to another account."""
        self._app.principals.use_account(access_key_id, account)

    @property
    def functions(self) -> set[str]:
        """ARNs of functions that exist and let Secrets Manager call them."""
        return self._app.secrets.rotations.functions

    def finish_rotation(self, name: str, *, account: str = ACCOUNT) -> None:
        """Note that a secret's function ended well, as AWS does once the labels are where they belong."""
        self._app.secrets.rotations.finish(moto_state.secret_at(account, REGION, name))

    @property
    def missing_principals(self) -> set[str]:
        """ARNs that policies may not name, because nobody has them."""
        return self._app.missing_principals

    # what happened

    @property
    def calls(self) -> list[Call]:
        """Every call, the console's included, in the order of arrival."""
        return self._app.log.all()

    def count(self, operation: str) -> int:
        """Return how often an operation was called, by everybody but the console."""
        return sum(call.operation == operation for call in self._counted())

    def mutating(self) -> list[Call]:
        """Return the calls that change something, of everybody but the console."""
        return [call for call in self._counted() if call.is_mutating]

    def rate(self, *names: str) -> int:
        """Return the highest number of calls within one second, of these classes (``calls.CLASSES``) or operations together.

        Seconds are those of the stand-in's clock: let it ``follow`` a test's clock to measure pacing without waiting.
        """
        return call_log.peak_rate(self.calls, names)

    @property
    def forced_deletes(self) -> list[str]:
        """What somebody asked to delete without a window, the refused ones included."""
        return list(self._app.secrets.forced_deletes)

    def allow_forced_deletes(self) -> None:
        """Take ForceDeleteWithoutRecovery until the next reset; it is refused otherwise."""
        self._app.secrets.are_forced_deletes_allowed = True

    # what goes wrong, and when

    @property
    def faults(self) -> Faults:
        return self._app.faults

    @property
    def now(self) -> datetime:
        """The stand-in's time: for access days, deletion windows, the trail, rates, lag and rests. Not for moto's own dates."""
        return self._app.clock.now()

    def advance(self, **passed: float) -> None:
        """Let time pass, in the words of ``timedelta``: ``advance(days=8)``."""
        self._app.clock.advance(timedelta(**passed))

    def follow(self, now: Callable[[], datetime]) -> None:
        """Take the time from a test's clock until the next reset."""
        self._app.clock.follow(now)

    def lag_trail(self, seconds: float) -> None:
        """Show events in LookupEvents only after so long; AWS takes minutes."""
        self._app.trail_lag_seconds = seconds

    def _counted(self) -> list[Call]:
        return [call for call in self.calls if not call.is_console]

    def _key_of(self, principal: str) -> str:
        if principal not in self._keys:
            raise KeyError(f"{principal} is nobody here: call as_principal first")
        return self._keys[principal]

    def _open(self, service: str, access_key: str, region: str) -> Any:
        import botocore.config  # noqa: PLC0415 - with moto, only when a stand-in starts
        import botocore.session  # noqa: PLC0415 - same

        nobody = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
        session = botocore.session.Session(session_vars={"profile": (None, None, None, None), **nobody})
        return session.create_client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=access_key,
            aws_secret_access_key=_SECRET_KEY,
            config=botocore.config.Config(retries={"mode": "standard", "total_max_attempts": 1}, proxies={}, max_pool_connections=32),
        )


def _quiet_handler() -> Any:
    from moto.moto_server.werkzeug_app import MotoRequestHandler  # noqa: PLC0415 - with moto, only when a stand-in starts

    class QuietHandler(MotoRequestHandler):  # type: ignore[misc,unused-ignore]
        def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
            """Say nothing of requests; a fault of the stand-in itself must be seen."""
            if type == "error":
                sys.stderr.write(f"stand-in: {message % args if args else message}\n")

        def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
            """Close the connection, so that the client learns at once that no answer comes."""
            self.close_connection = True

    return QuietHandler
