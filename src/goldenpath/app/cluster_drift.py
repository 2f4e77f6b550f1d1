"""Objects in a cluster that are not as the requests want them, and those that no request explains (R13, R20, R24, R27)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from goldenpath.app.cluster_survey import ClusterSurvey, SurveyedCluster, survey_clusters
from goldenpath.app.drift import expired_ignores
from goldenpath.app.services import Services
from goldenpath.delivery.cluster_drift import ObjectDrift, manifest_drift, secret_drift
from goldenpath.delivery.cluster_orphans import UnexplainedObject, unexplained_objects
from goldenpath.model.cluster import EXTERNAL_SECRET, SECRET, ClusterAccess, ObjectRef
from goldenpath.model.finding import Finding
from goldenpath.plan.ignores import IgnoreRules

NOT_ALL_SEEN = "cluster.not-all-seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterDriftReport:
    """Every object that was looked at. ``findings``: ignored drift past its last day, clusters that were seen only in part."""

    commit: str
    environments: tuple[str, ...]
    objects: tuple[ObjectDrift, ...]
    findings: tuple[Finding, ...]

    @property
    def drifted(self) -> tuple[ObjectDrift, ...]:
        """The objects that need a decision."""
        return tuple(each for each in self.objects if each.is_drifted)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterOrphans:
    """What needs a decision, and apart from it the objects of requests on their way out."""

    commit: str
    environments: tuple[str, ...]
    rows: tuple[UnexplainedObject, ...]
    leaving: tuple[UnexplainedObject, ...]
    findings: tuple[Finding, ...]


def read_cluster_drift(
    services: Services, access: ClusterAccess, *, environments: Sequence[str] = (), request_ids: Sequence[str] = ()
) -> ClusterDriftReport:
    """Compare what is in the clusters with what the requests want there.

    Raises:
        GoldenpathError: as :func:`goldenpath.app.cluster_survey.survey_clusters`.
    """
    found = survey_clusters(services, access, environments=environments, request_ids=request_ids)
    rules = IgnoreRules(found.governance.drift_ignores, services.clock.now().date())
    rows = [row for cluster in found.clusters for row in (*_compared(cluster, rules), *_unexplained(services, cluster))]
    return ClusterDriftReport(
        commit=found.commit,
        environments=tuple(cluster.environment for cluster in found.clusters),
        objects=tuple(
            sorted(
                (row for row in rows if not request_ids or row.request_id in request_ids),
                key=lambda row: (row.environment, row.object.namespace, row.request_id, row.object),
            )
        ),
        findings=(*expired_ignores(found.governance, rules), *_partial(found)),
    )


def find_cluster_orphans(services: Services, access: ClusterAccess, *, environments: Sequence[str] = ()) -> ClusterOrphans:
    """Look for objects without a request.

    Raises:
        GoldenpathError: as :func:`goldenpath.app.cluster_survey.survey_clusters`.
    """
    found = survey_clusters(services, access, environments=environments)
    rows = [row for cluster in found.clusters for row in _orphans(services, cluster)]
    return ClusterOrphans(
        commit=found.commit,
        environments=tuple(cluster.environment for cluster in found.clusters),
        rows=tuple(row for row in rows if row.kind != "leaving"),
        leaving=tuple(row for row in rows if row.kind == "leaving"),
        findings=tuple(_partial(found)),
    )


def _compared(cluster: SurveyedCluster, rules: IgnoreRules) -> Iterator[ObjectDrift]:
    for wanted in cluster.wanted:
        ignored = rules.manifest_fields_of(wanted.request_id, service=wanted.service, environment=cluster.environment)
        external = cluster.objects.get(wanted.ref)
        yield manifest_drift(wanted, external, ignored, environment=cluster.environment)
        if wanted.secret:
            place = ObjectRef(kind=SECRET.name, namespace=wanted.ref.namespace, name=wanted.secret)
            row = secret_drift(wanted, external, cluster.objects.get(place), environment=cluster.environment)
            if row is not None:
                yield row


def _unexplained(services: Services, cluster: SurveyedCluster) -> Iterator[ObjectDrift]:
    for row in _orphans(services, cluster):
        if row.kind != "leaving":
            yield ObjectDrift(
                environment=row.environment,
                request_id=row.request_id,
                service=row.service,
                owner=row.owner,
                object=row.object,
                state="orphan",
                detail=f"reads {', '.join(row.reads)}" if row.reads else "",
            )


def _orphans(services: Services, cluster: SurveyedCluster) -> tuple[UnexplainedObject, ...]:
    objects = [found for found in cluster.objects.values() if found.kind.name in {EXTERNAL_SECRET.name, SECRET.name}]
    return unexplained_objects(objects, cluster.explained, environment=cluster.environment, now=services.clock.now())


def _partial(found: ClusterSurvey) -> Iterator[Finding]:
    for cluster in found.clusters:
        if cluster.is_partial:
            yield Finding(
                rule=NOT_ALL_SEEN,
                level="warn",
                message=f"of the cluster of {cluster.environment} only the namespaces of its requests were seen",
                subject=cluster.environment,
                hint="let these credentials list externalsecrets and secrets in all namespaces to find what lies elsewhere",
            )
