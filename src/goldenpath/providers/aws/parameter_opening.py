"""Opens the Parameter Store of an environment. Nothing is sent before the first use."""

from __future__ import annotations

from goldenpath.providers.aws.opening import open_calls, open_fingerprints
from goldenpath.providers.aws.parameter_records import ParameterRecords
from goldenpath.providers.aws.parameters import SsmParameters
from goldenpath.providers.registry import StoreOptions


def open_parameter_records(options: StoreOptions) -> ParameterRecords:
    """Return the store of an environment in Parameter Store. Errors as for :func:`open_parameters`, and ``key.*``."""
    calls = open_calls(options)
    parameters = SsmParameters(calls, prefix=options.naming.parameter_prefix, clock=options.clock)
    return ParameterRecords(
        calls,
        parameters,
        fingerprint=open_fingerprints(options).of,
        prefix=options.naming.parameter_prefix,
        tier=options.store.parameter_tier,
    )


def open_parameters(options: StoreOptions) -> SsmParameters:
    """Return the parameters of an environment. Errors as for :func:`~goldenpath.providers.aws.opening.open_calls`."""
    return SsmParameters(open_calls(options), prefix=options.naming.parameter_prefix, clock=options.clock)
