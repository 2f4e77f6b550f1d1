"""Who is calling, and whether the policies let them: our own evaluator stands in for IAM, for the principals that a test chooses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.standins import moto_state
from tests.standins.wire import AwsAnswer, AwsRefusal, AwsRequest

from goldenpath.projection.evaluator import Call as Attempt
from goldenpath.projection.evaluator import evaluate

ALLOW_ALL: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
Context = dict[str, str | tuple[str, ...]]
_OPEN: Final = frozenset({"ListSecrets", "GetRandomPassword", "GetCallerIdentity", "ValidateResourcePolicy"})
_ARN_ACCOUNT: Final = 4
_ISSUED_KEY: Final = re.compile(rb"<AccessKeyId>([^<]+)</AccessKeyId>")
_CALLER: Final = re.compile(rb"<Arn>[^<]*</Arn>")


@dataclass(frozen=True)
class StandInPrincipal:
    """Somebody with credentials. Policies bind only those who ``is_bound``."""

    arn: str
    identity_policy: str = ALLOW_ALL
    is_bound: bool = False
    session: str = ""

    @property
    def account(self) -> str:
        return self.arn.split(":")[_ARN_ACCOUNT]

    @property
    def caller_arn(self) -> str:
        """What GetCallerIdentity says: the session of a role, else the principal itself."""
        if ":role/" not in self.arn:
            return self.arn
        role = self.arn.rpartition("/")[2]
        return f"arn:aws:sts::{self.account}:assumed-role/{role}/{self.session or 'session'}"


class Principals:
    """Which access key is whom."""

    def __init__(self) -> None:
        self._by_key: dict[str, StandInPrincipal] = {}
        self._accounts: dict[str, str] = {}

    def reset(self) -> None:
        self._by_key.clear()
        self._accounts.clear()

    def register(self, access_key: str, principal: StandInPrincipal) -> None:
        self._by_key[access_key] = principal

    def use_account(self, access_key: str, account: str) -> None:
        self._accounts[access_key] = account

    def find(self, access_key: str) -> StandInPrincipal:
        known = self._by_key.get(access_key)
        account = self._accounts.get(access_key)
        if known is not None and account is None:
            return self._as_bound_now(known)
        account = account or moto_state.account_of_key(access_key)
        return StandInPrincipal(arn=f"arn:aws:iam::{account}:user/{access_key.lower() or 'anonymous'}")

    def learn(self, request: AwsRequest, answer: AwsAnswer) -> AwsAnswer:
        """Remember a role's session, and answer GetCallerIdentity for whoever a test named."""
        if request.service != "sts" or not answer.is_success:
            return answer
        if request.operation == "GetCallerIdentity":
            return answer.with_body(_CALLER.sub(b"<Arn>" + self.find(request.access_key).caller_arn.encode() + b"</Arn>", answer.body))
        issued = _ISSUED_KEY.search(answer.body)
        if issued is not None:
            role = request.text("RoleArn")
            self._by_key[issued[1].decode()] = StandInPrincipal(role, session=request.text("RoleSessionName"))
        return answer

    def _as_bound_now(self, principal: StandInPrincipal) -> StandInPrincipal:
        """Bind a session as its role is bound now: at AWS a policy that changes holds for the sessions that are open."""
        if not principal.session:
            return principal
        role = next((one for one in self._by_key.values() if one.arn == principal.arn and not one.session), StandInPrincipal(principal.arn))
        return replace(principal, identity_policy=role.identity_policy, is_bound=role.is_bound)


def check(request: AwsRequest, principal: StandInPrincipal) -> None:
    """Refuse what the policies refuse. Raises ``AwsRefusal`` ``AccessDeniedException``."""
    if not principal.is_bound and principal.account == request.account:
        return
    if request.service == "ssm":
        _check_parameters(request, principal)
    if request.service == "secretsmanager" and request.operation != "BatchGetSecretValue":
        _check_secret(request, principal)


def _check_parameters(request: AwsRequest, principal: StandInPrincipal) -> None:
    """AWS asks about each name of a call, about a path as it was asked for, and about no resource where names are listed."""
    if request.operation == "DescribeParameters":
        _check_identity(request, principal, "*")
        return
    for name in request.parameters.get("Names") or [request.text("Name") or request.text("Path") or request.text("ResourceId")]:
        resource = f"arn:aws:ssm:{request.region}:{request.account}:parameter/{name.lstrip('/')}"
        context = {**_asked_tags(request), **_resource_tags(moto_state.parameter_tags(request, name), "aws:ResourceTag")}
        _check_identity(request, principal, resource, context)
        if request.operation == "PutParameter" and request.parameters.get("Tags"):
            _check_identity(request, principal, resource, context, operation="AddTagsToResource")


def _check_secret(request: AwsRequest, principal: StandInPrincipal) -> None:
    secret = moto_state.find_secret(request) if "SecretId" in request.parameters else None
    if request.operation in _OPEN:
        _check_identity(request, principal, "*")
    elif secret is None:
        _check_missing(request, principal)
    elif not may(request.operation, secret.arn, secret.policy or "", principal, {**_asked(request), **secret_context(secret)}):
        raise _denied(request, principal, secret.arn)
    elif request.text("RotationLambdaARN"):
        _check_function(request, principal)


def _check_function(request: AwsRequest, principal: StandInPrincipal) -> None:
    """Whoever sets rotation needs the right to call the function as well."""
    function = request.text("RotationLambdaARN")
    attempt = Attempt(principal=principal.arn, action="lambda:InvokeFunction", resource=function)
    if evaluate(principal.identity_policy, attempt) != "allowed":
        raise _denied(request, principal, function)


def _check_missing(request: AwsRequest, principal: StandInPrincipal) -> None:
    """Ask about a secret that is not there: IAM comes first, so without the right to see the name nobody learns that it is free."""
    name, secret_id = request.text("Name"), request.text("SecretId")
    resource = f"arn:aws:secretsmanager:{request.region}:{request.account}:secret:{secret_id or name + '-??????'}"
    context = {**_asked_tags(request), "secretsmanager:Name": name} if name else _asked_tags(request)
    _check_identity(request, principal, secret_id if secret_id.startswith("arn:") else resource, context)
    if request.operation == "CreateSecret" and request.parameters.get("Tags"):
        _check_identity(request, principal, resource, _asked_tags(request), operation="TagResource")


def secret_context(secret: Any) -> Context:
    """Return the condition keys that a stored secret brings along."""
    tags = {str(tag["Key"]): str(tag["Value"]) for tag in secret.tags or []}
    return {**_resource_tags(tags, "aws:ResourceTag"), **_resource_tags(tags, "secretsmanager:ResourceTag")}


def _asked(request: AwsRequest) -> Context:
    """Return the condition keys that a request brings along."""
    if request.operation != "RotateSecret":
        return _asked_tags(request)
    function = request.text("RotationLambdaARN")
    is_now = "false" if request.parameters.get("RotateImmediately") is False else "true"
    return {"secretsmanager:RotateImmediately": is_now, **({"secretsmanager:RotationLambdaARN": function} if function else {})}


def _asked_tags(request: AwsRequest) -> Context:
    """Return the condition keys that the tags of a request bring along."""
    tags = {str(tag["Key"]): str(tag["Value"]) for tag in request.parameters.get("Tags") or []}
    keys = tuple(sorted({*tags, *(request.parameters.get("TagKeys") or [])}))
    return {**_resource_tags(tags, "aws:RequestTag"), **({"aws:TagKeys": keys} if keys else {})}


def _resource_tags(tags: Mapping[str, str], prefix: str) -> Context:
    return {f"{prefix}/{key}": value for key, value in tags.items()}


def at_its_owner(request: AwsRequest) -> AwsRequest:
    """Return the request as it arrives in the account of the secret that it names by ARN."""
    front = request.text("SecretId").split(":")
    is_arn = request.service == "secretsmanager" and len(front) > _ARN_ACCOUNT and front[0] == "arn"
    return replace(request, account=front[_ARN_ACCOUNT]) if is_arn else request


def split_batch(request: AwsRequest, principal: StandInPrincipal) -> tuple[AwsRequest, list[dict[str, str]]]:
    """Return a BatchGetSecretValue without what the principal may not read, and the errors for that."""
    if not principal.is_bound or request.operation != "BatchGetSecretValue":
        return request, []
    allowed, errors = [], []
    for secret_id in request.parameters.get("SecretIdList") or []:
        secret = moto_state.find_secret(request, secret_id)
        needed = ("GetSecretValue", "BatchGetSecretValue")
        if secret is None or all(may(action, secret.arn, secret.policy or "", principal, secret_context(secret)) for action in needed):
            allowed.append(secret_id)
        else:
            errors.append({"SecretId": secret_id, "ErrorCode": "AccessDeniedException", "Message": "not authorized"})
    return request.with_parameters(SecretIdList=allowed), errors


def may(operation: str, arn: str, resource_policy: str, principal: StandInPrincipal, context: Context) -> bool:
    """Combine both policies as IAM does: any deny wins; within an account one allow is enough, between accounts both must allow."""
    attempt = Attempt(principal=principal.arn, action=f"secretsmanager:{operation}", resource=arn, context=context)
    answers = [evaluate(principal.identity_policy, attempt), evaluate(resource_policy, attempt)]
    if "denied" in answers:
        return False
    is_same_account = principal.account == arn.split(":")[_ARN_ACCOUNT]
    return "allowed" in answers if is_same_account else answers == ["allowed", "allowed"]


def _check_identity(
    request: AwsRequest, principal: StandInPrincipal, resource: str, context: Context | None = None, *, operation: str = ""
) -> None:
    action = f"{request.service}:{operation or request.operation}"
    attempt = Attempt(principal=principal.arn, action=action, resource=resource, context=context or {})
    if evaluate(principal.identity_policy, attempt) != "allowed":
        raise _denied(request, principal, resource)


def _denied(request: AwsRequest, principal: StandInPrincipal, resource: str) -> AwsRefusal:
    action = f"{request.service}:{request.operation}"
    return AwsRefusal(
        "AccessDeniedException", f"User: {principal.caller_arn} is not authorized to perform: {action} on resource: {resource}"
    )
