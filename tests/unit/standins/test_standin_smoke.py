from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from tests.standins.aws import StrictAws


def test_a_secret_lives(aws: StrictAws) -> None:
    sm = aws.client("secretsmanager", aws.runner)
    sm.create_secret(Name="a/b", SecretString="one")
    assert sm.get_secret_value(SecretId="a/b")["SecretString"] == "one"
    assert [call.operation for call in aws.calls] == ["CreateSecret", "GetSecretValue"]
    assert "one" not in repr(aws.calls)


def test_identity(aws: StrictAws) -> None:
    assert aws.client("sts", aws.runner).get_caller_identity()["Arn"] == aws.runner


def test_refusal(aws: StrictAws) -> None:
    with pytest.raises(ClientError) as caught:
        aws.client("secretsmanager").create_secret(Name="a!b", SecretString="one")
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
