"""Opens the stores at AWS from the settings of an environment. Nothing is sent before the first use."""

from __future__ import annotations

import hmac
from hashlib import sha256

from goldenpath.errors import Misconfigured
from goldenpath.providers.aws.calls import AwsCalls
from goldenpath.providers.aws.secretsmanager import SecretsManagerStore
from goldenpath.providers.aws.session import AwsClients, AwsPlace
from goldenpath.providers.local.opening import open_root_keys
from goldenpath.providers.registry import StoreOptions

FINGERPRINT_KEY = "aws/fingerprint"
_FINGERPRINT_CHARS = 20
_MARK_CHARS = 6


class Fingerprinter:
    """Keyed digests of values. The key never leaves this machine, so what others read in a tag tells them nothing."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._mark = hmac.new(key, b"mark", sha256).hexdigest()[:_MARK_CHARS]

    def __repr__(self) -> str:
        return "Fingerprinter()"

    def of(self, path: str, value: bytes) -> str:
        """Return the digest of one value of one record, with a mark of the key; the same value elsewhere gives another."""
        digest = hmac.new(self._key, path.encode() + b"\x00" + value, sha256).hexdigest()[:_FINGERPRINT_CHARS]
        return f"{self._mark}.{digest}"


def open_calls(options: StoreOptions) -> AwsCalls:
    """Return the door to the account of an environment.

    Raises:
        Misconfigured: ``store.account-missing``.
    """
    if options.place.account is None:
        raise Misconfigured(
            "store.account-missing",
            f"the environment {options.environment or '(none)'} has a store at AWS and states no account",
            subject=options.environment,
            hint=f"state environments.{options.environment or '<name>'}.account in goldenpath.yaml",
        )
    place = AwsPlace(
        region=options.store.region or options.place.region,
        role_arn=options.store.role_arn or "",
        profile=options.store.profile,
        correlation_id=options.correlation_id,
    )
    return AwsCalls(
        AwsClients(place), clock=options.clock, entropy=options.entropy, pace=options.pace, expected_account=options.place.account
    )


def open_secrets_manager(options: StoreOptions) -> SecretsManagerStore:
    """Return the store of an environment in Secrets Manager. Errors as for :func:`open_calls`, and ``key.*``."""
    fingerprints = open_fingerprints(options)
    return SecretsManagerStore(open_calls(options), clock=options.clock, fingerprint=fingerprints.of, prefix=options.naming.prefix)


def open_fingerprints(options: StoreOptions) -> Fingerprinter:
    """Return the digests of this machine. Raises ``Misconfigured`` ``key.*``."""
    ring = open_root_keys(options.directory, options.key_source, entropy=options.entropy)
    # the oldest key, so that adding a newer one does not make every value look changed
    return Fingerprinter(ring.derive(FINGERPRINT_KEY, key_id=ring.key_ids[-1]))
