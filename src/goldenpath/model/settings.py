"""``goldenpath.yaml``: everything a platform may decide, with the defaults of D1 to D21. Names, never secrets."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta

from goldenpath.model.base import Contract
from goldenpath.model.environment import ENVIRONMENTS
from goldenpath.model.forge_settings import ApprovalSettings, ForgeSettings
from goldenpath.model.parameter import ParameterTier
from goldenpath.model.request import Arn, EnumWord, Label, Text
from goldenpath.model.rollout_settings import RolloutSettings
from goldenpath.model.rotation import HOURS_OF_A_DAY, Weekday

RelativePath = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^(?!/)(?!.*(?:^|/)\.\.(?:/|$))[A-Za-z0-9._/-]+$(?!\n)")]
FolderPath = Annotated[str, Meta(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")]
Account = Annotated[str, Meta(pattern=r"^[0-9]{12}$(?!\n)")]
Region = Annotated[str, Meta(pattern=r"^[a-z]{2}(?:-[a-z]+)+-[0-9]$(?!\n)")]
CallsPerSecond = Annotated[float, Meta(ge=0, le=10_000)]
OidcProvider = Annotated[
    str,
    Meta(max_length=255, pattern=r"^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?:/[A-Za-z0-9._-]+)*$(?!\n)", description="Host and path, no scheme"),
]
RepositoryName = Annotated[str, Meta(max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$(?!\n)")]
GitRef = Annotated[str, Meta(max_length=200, pattern=r"^refs/(?:heads|tags)/[A-Za-z0-9._/-]+$(?!\n)")]
LambdaArn = Annotated[
    str,
    Meta(
        max_length=256,
        pattern=r"^arn:aws(?:-[a-z]+)*:lambda:[a-z]{2}(?:-[a-z]+)+-[0-9]:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(?::[A-Za-z0-9_-]{1,128})?$(?!\n)",
        description="Full ARN of one Lambda function, with an alias or version if wanted; no wildcard",
    ),
]
RoleArn = Annotated[
    str,
    Meta(
        max_length=640,
        pattern=r"^arn:aws(?:-[a-z]+)*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,576}$(?!\n)",
        description="Full ARN of one IAM role; no wildcard",
    ),
]
Duration = Annotated[str, Meta(pattern=r"^(?:0|[1-9][0-9]*(?:s|m|h))$(?!\n)")]
Program = Annotated[str, Meta(max_length=1024, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
LabelKey = Annotated[
    str,
    Meta(
        max_length=317,
        pattern=r"^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$(?!\n)",
        description="Label of Kubernetes, its prefix included",
    ),
]
LabelText = Annotated[str, Meta(max_length=63, pattern=r"^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?$(?!\n)")]


class CatalogSettings(Contract, frozen=True, kw_only=True):
    """Where requests lie (D1)."""

    root: RelativePath = "catalogs/secrets"


class GovernanceSettings(Contract, frozen=True, kw_only=True):
    """Where the gate's own data lies; all of it is read from the protected base revision (R10)."""

    enums: RelativePath = "schemas/metadata/enums.yaml"
    policy: RelativePath = "governance/policy.yaml"
    approvers: RelativePath = "governance/approvers.yaml"
    tombstones: RelativePath = "governance/tombstones.yaml"
    actions: RelativePath = "governance/actions.yaml"
    drift_ignores: RelativePath = "governance/drift-ignores.yaml"
    protected_paths: tuple[RelativePath, ...] = (".github",)
    protected_branch: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._/-]+$(?!\n)")] = "main"


class StoreSettings(Contract, frozen=True, kw_only=True):
    """One configured instance of a provider. ``backend: local`` is the embedded, sealed store that needs no cloud (D8).

    For a backend at AWS: ``region`` is the environment's unless stated; ``role_arn`` is assumed from the ambient credentials, or from
    those of ``profile``. ``parameter_tier`` is that of new parameters; a parameter that is advanced stays so.
    """

    backend: Label = "local"
    region: Region | None = None
    role_arn: Arn | None = None
    profile: Text = ""
    parameter_tier: ParameterTier = "standard"

    @property
    def is_embedded(self) -> bool:
        """True when the store is part of the platform: no server, no cluster polls it, no bill."""
        return self.backend in {"local", "memory"}


class OpenBaoSettings(Contract, frozen=True, kw_only=True):
    """How a cluster reaches the environment's OpenBao: address, KV v2 mount, and the Kubernetes login that External Secrets uses."""

    server: Annotated[str, Meta(max_length=255, pattern=r"^https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?$(?!\n)")] = (
        "https://openbao.openbao.svc:8200"
    )
    mount: Label = "secret"
    auth_mount: Label = "kubernetes"
    role: Label = "external-secrets"


class ArgoSettings(Contract, frozen=True, kw_only=True):
    """The Argo CD that brings the environment's manifests to its cluster.

    ``application`` is looked up in ``namespace`` of the environment's cluster, or asked of the API at ``server``, with the token in the
    variable ARGOCD_AUTH_TOKEN. ``{environment}`` in the name stands for the environment's name.
    """

    application: Annotated[str, Meta(min_length=1, max_length=253, pattern=r"^[a-z0-9{}.-]+$(?!\n)")] = "goldenpath-{environment}"
    namespace: Label = "argocd"
    server: Annotated[str, Meta(max_length=255, pattern=r"^https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?$(?!\n)")] | None = None


class KubernetesSettings(Contract, frozen=True, kw_only=True):
    """How the platform itself reaches the environment's cluster, in kubectl's words: a kubeconfig file and a context in it.

    ``kubeconfig`` is KUBECONFIG's file, or the one in the home folder, unless stated; a relative path starts at the platform's root.
    Inside a pod without file and context, its service account counts. ``cluster_id`` is the uid of the cluster's namespace kube-system:
    where it is stated, no other cluster is written to (R33). ``materialize`` says whether ``goldenpath materialize`` may write Secrets
    there; unless stated, everywhere but in prod, which External Secrets serves (D16).
    """

    kubeconfig: FolderPath | None = None
    context: Text = ""
    cluster_id: Annotated[str, Meta(max_length=36, pattern=r"^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?$(?!\n)")] = ""
    argo_cd: ArgoSettings | None = None
    materialize: bool | None = None


class RotationWindow(Contract, frozen=True, kw_only=True):
    """When a rotator may run: from ``opens_at`` o'clock UTC for ``hours``, on any day or on one ``weekday``; never past midnight UTC."""

    opens_at: Annotated[int, Meta(ge=0, lt=HOURS_OF_A_DAY)]
    hours: Annotated[int, Meta(ge=1, le=HOURS_OF_A_DAY)]
    weekday: Weekday | None = None


class RotatorSettings(Contract, frozen=True, kw_only=True):
    """A Lambda function that AWS calls to change values of this environment.

    ``role_arn`` is the function's own role, which reads and writes the values that it rotates and no others. ``secret_types`` are those
    that it can rotate. ``options`` are the names that a request may set under ``spec.rotation.options``; the function finds them as tags.
    """

    lambda_arn: LambdaArn
    role_arn: RoleArn
    secret_types: Annotated[tuple[EnumWord, ...], Meta(min_length=1, max_length=50)]
    options: Annotated[tuple[Label, ...], Meta(max_length=20)] = ()
    window: RotationWindow | None = None


class EnvironmentSettings(Contract, frozen=True, kw_only=True):
    """One environment: its account, region, cluster, key, and the store behind each provider.

    ``oidc_provider`` is the cluster's issuer as IAM knows it, for the role that External Secrets assumes. ``replica_regions`` hold copies
    of every secret of Secrets Manager, under the account's own key there, or under the one in ``replica_keys``. ``kubernetes`` says how
    the platform itself looks into the cluster; without it, only a verb that is told on the command line does.
    """

    account: Account | None = None
    allowed_accounts: tuple[Account, ...] = ()
    region: Region = "us-east-1"
    cluster: Label | None = None
    kms_key: Text = ""
    replica_regions: tuple[Region, ...] = ()
    replica_keys: dict[Region, Arn] = {}
    oidc_provider: OidcProvider | None = None
    rotators: dict[Label, RotatorSettings] = {}
    stores: dict[Label, StoreSettings] = {}
    openbao: OpenBaoSettings = OpenBaoSettings()
    kubernetes: KubernetesSettings | None = None

    def store(self, provider: str) -> StoreSettings:
        """Return the store behind a provider; the embedded one when none is configured."""
        return self.stores.get(provider, StoreSettings())


class ServiceAccountRef(Contract, frozen=True, kw_only=True):
    """The service account that External Secrets uses."""

    name: Label = "eso-irsa-sa"
    namespace: Label = "external-secrets"


class ExternalSecretsSettings(Contract, frozen=True, kw_only=True):
    """How ExternalSecrets and ClusterSecretStores are written (D9).

    ``labels`` go on the ExternalSecrets themselves, for selecting them (seed 003's force sync); never on the Secret.
    """

    api_version: Literal["external-secrets.io/v1", "external-secrets.io/v1beta1"] = "external-secrets.io/v1"
    store_name: Label = "aws-secrets-manager"
    refresh_interval: Duration = "1h"
    service_account: ServiceAccountRef = ServiceAccountRef()
    labels: dict[LabelKey, LabelText] = {}


class KustomizeSettings(Contract, frozen=True, kw_only=True):
    """What renders overlays for ``goldenpath lint``: a program, or when empty ``kustomize`` or ``kubectl``, the first found on PATH."""

    binary: Program = ""
    timeout_seconds: Annotated[int, Meta(ge=1, le=600)] = 30


class ProjectionSettings(Contract, frozen=True, kw_only=True):
    """How ExternalSecrets are laid out in the GitOps repository.

    ``environments`` writes each environment's manifests whole; ``overlays`` writes a Kustomize base and an overlay for each environment
    below ``tenants/<service>`` (seed 003). ``folders`` gives an environment's overlay folder another word, one of its aliases.
    """

    layout: Literal["environments", "overlays"] = "environments"
    tenants: RelativePath = "tenants"
    folders: dict[Label, Label] = {}
    kustomize: KustomizeSettings = KustomizeSettings()

    @property
    def is_overlays(self) -> bool:
        """True when ExternalSecrets are written as base and overlays."""
        return self.layout == "overlays"

    def folder(self, environment: str) -> str:
        """Return the folder of an environment's overlay; its canonical name by default."""
        return self.folders.get(environment, environment)


class CiSettings(Contract, frozen=True, kw_only=True):
    """Which pipeline may assume the platform's CI role: one repository on one ref, never a pattern (R16)."""

    repository: RepositoryName
    ref: GitRef = "refs/heads/main"
    oidc_provider: OidcProvider = "token.actions.githubusercontent.com"


class AccessSettings(Contract, frozen=True, kw_only=True):
    """Principals of the platform itself, per environment name; a resource policy never locks them out."""

    platform_principals: dict[Label, tuple[Text, ...]] = {}
    reader_principals: dict[Label, tuple[Text, ...]] = {}
    metadata_principals: dict[Label, tuple[Text, ...]] = {}
    ci: CiSettings | None = None


class DeliverySettings(Contract, frozen=True, kw_only=True):
    """The GitOps repository: a folder beside or inside the platform repository, or another repository's path.

    ``remote`` names a git remote of it to fetch from and push to; without one the commit stays on its local branch.
    """

    repository: FolderPath = "../gitops"
    remote: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$(?!\n)", max_length=100)] | None = None
    branch: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._/-]+$(?!\n)")] = "main"
    directory: RelativePath = "environments"
    author_name: Text = "Goldenpath"
    author_email: Text = "goldenpath@localhost"
    attempts: Annotated[int, Meta(ge=1, le=20)] = 5


class NamingSettings(Contract, frozen=True, kw_only=True):
    """Prefixes of store paths (D7)."""

    prefix: Label = "goldenpath"
    parameter_prefix: Label = "goldenpath"


class StateSettings(Contract, frozen=True, kw_only=True):
    """Where this machine keeps what does not belong in Git: embedded store, journal, audit log, keys. Folder mode 0700."""

    directory: FolderPath = ".goldenpath"
    key_source: Literal["file", "keyring"] = "file"


class AuditSettings(Contract, frozen=True, kw_only=True):
    """The audit log. ``checkpoint_mirror`` is the second place for signed checkpoints; it should be on other storage."""

    directory: FolderPath | None = None
    checkpoint_mirror: FolderPath | None = None
    checkpoint_every: Annotated[int, Meta(ge=1)] = 1000
    segment_max_bytes: Annotated[int, Meta(ge=4096)] = 268_435_456


class PaceSettings(Contract, frozen=True, kw_only=True):
    """Calls per second to one account, by what the vendor counts together; 0: no pacing, left out: the backend's own."""

    write: CallsPerSecond | None = None
    tag: CallsPerSecond | None = None
    policy: CallsPerSecond | None = None
    read: CallsPerSecond | None = None
    list: CallsPerSecond | None = None


class ApplySettings(Contract, frozen=True, kw_only=True):
    """Limits of an apply.

    ``pace`` is by backend (R22). ``machines`` is how many use an account at the same time; each keeps to its part of the pace.
    """

    plan_ttl_seconds: Annotated[int, Meta(ge=1)] = 3600
    lease_seconds: Annotated[int, Meta(ge=5)] = 300
    deadline_seconds: Annotated[int, Meta(ge=1)] = 1800
    machines: Annotated[int, Meta(ge=1, le=100)] = 1
    pace: dict[Label, PaceSettings] = {}


class TerraformBackend(Contract, frozen=True, kw_only=True):
    """Where Terraform keeps its state; a local file in the state folder unless stated. ``config`` as the backend names its arguments.

    ``{environment}`` in a text stands for the environment's name. Names, never credentials: those come from the environment.
    """

    type: Label = "local"
    config: dict[str, Text] = {}


class TerraformSettings(Contract, frozen=True, kw_only=True):
    """How Terraform is run. ``provider_mirror`` is a folder with providers, for machines that reach no registry.

    ``timeout_seconds`` is for one command. While Terraform writes, others are kept out for twice as long.
    """

    binary: Annotated[str, Meta(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")] = "terraform"
    provider_mirror: FolderPath | None = None
    backend: TerraformBackend = TerraformBackend()
    timeout_seconds: Annotated[int, Meta(ge=10, le=14_400)] = 900


class ProvisionSettings(Contract, frozen=True, kw_only=True):
    """Who makes the containers at AWS: the platform itself (``direct``) or Terraform. Both end in the same state."""

    engine: Literal["direct", "terraform"] = "direct"
    terraform: TerraformSettings = TerraformSettings()


class PriceSettings(Contract, frozen=True, kw_only=True):
    """What one kind of store costs, in US dollars: a record for a month, and 10,000 calls. For the estimate in the preview."""

    record_month: Annotated[float, Meta(ge=0)] = 0.0
    per_10000_calls: Annotated[float, Meta(ge=0)] = 0.0


ADVANCED_PARAMETERS: Final = "aws-parameter-store-advanced"
LIST_PRICES: Final = {
    "aws-secrets-manager": PriceSettings(record_month=0.40, per_10000_calls=0.05),
    "aws-parameter-store": PriceSettings(),
    ADVANCED_PARAMETERS: PriceSettings(record_month=0.05, per_10000_calls=0.05),
}
"""What the vendors charge without a contract (us-east-1), by backend; of Parameter Store also by tier. Others cost nothing a record."""

_UNMENTIONED: Final = EnvironmentSettings()


class Settings(Contract, frozen=True, kw_only=True):
    """The whole file. Every field has a default, so the smallest file is its two header lines."""

    api_version: Literal["goldenpath.io/v1"] = "goldenpath.io/v1"
    kind: Literal["Platform"] = "Platform"
    catalog: CatalogSettings = CatalogSettings()
    governance: GovernanceSettings = GovernanceSettings()
    environments: dict[Label, EnvironmentSettings] = {}
    naming: NamingSettings = NamingSettings()
    external_secrets: ExternalSecretsSettings = ExternalSecretsSettings()
    projection: ProjectionSettings = ProjectionSettings()
    access: AccessSettings = AccessSettings()
    delivery: DeliverySettings = DeliverySettings()
    state: StateSettings = StateSettings()
    audit: AuditSettings = AuditSettings()
    apply: ApplySettings = ApplySettings()
    provision: ProvisionSettings = ProvisionSettings()
    rollout: RolloutSettings = RolloutSettings()
    forge: ForgeSettings = ForgeSettings()
    approvals: ApprovalSettings = ApprovalSettings()
    prices: dict[Label, PriceSettings] = {}

    def environment(self, name: str) -> EnvironmentSettings:
        """Return the settings of a canonical environment; defaults when the file does not mention it."""
        return self.environments.get(name) or _UNMENTIONED

    def price(self, store: StoreSettings) -> PriceSettings:
        """Return what records and calls of a store cost: nothing for an embedded one, else as stated here, else the list price."""
        is_advanced = store.backend == "aws-parameter-store" and store.parameter_tier == "advanced"
        kind = ADVANCED_PARAMETERS if is_advanced else store.backend
        return PriceSettings() if store.is_embedded else self.prices.get(kind) or LIST_PRICES.get(kind, PriceSettings())

    def cluster(self, environment: str) -> str:
        """Return the cluster that an environment projects into; one of its own by default."""
        return self.environment(environment).cluster or environment

    def may_materialize(self, environment: str) -> bool:
        """Say whether the platform itself may write an environment's Secrets into its cluster (D16)."""
        place = self.environment(environment).kubernetes
        stated = None if place is None else place.materialize
        return environment != "prod" if stated is None else stated

    def known_environments(self) -> tuple[str, ...]:
        """Return the environments in canonical order."""
        return ENVIRONMENTS
