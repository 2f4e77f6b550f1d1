"""Opens the Parameter Store of an environment. Nothing is sent before the first use."""

from __future__ import annotations

from goldenpath.providers.aws.opening import open_calls
from goldenpath.providers.aws.parameters import SsmParameters
from goldenpath.providers.registry import StoreOptions


def open_parameters(options: StoreOptions) -> SsmParameters:
    """Return the parameters of an environment. Errors as for :func:`~goldenpath.providers.aws.opening.open_calls`."""
    return SsmParameters(open_calls(options), prefix=options.naming.parameter_prefix, clock=options.clock)
