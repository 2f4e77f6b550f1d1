"""The stand-in under test."""

from tests.standins.fixtures import aws, aws_server  # noqa: F401 - fixtures
