"""The policy file that a new platform starts from. Data, not rules: what cannot be lowered stands in :mod:`goldenpath.policy.shipped`."""

from __future__ import annotations

DEFAULT_POLICY: bytes = b"""\
# How strict the gate is. Read from the protected base revision: a change to this file is judged by the version before it
# and needs the governance approvals below. Rules in full: goldenpath policy explain
apiVersion: goldenpath.io/v1
kind: Policy

# What each risk tier asks for. Roles are those of governance/approvers.yaml; "owner" is somebody who answers for the request's
# owner. One person counts once, so two entries mean two people. rotationNone says what "rotationClass: none" does:
# block, warn, info or off. High always blocks and medium at least warns.
tiers:
  high:
    approvals:
      - role: security
      - role: owner
    rotationNone: block
  medium:
    approvals:
      - role: platform
    rotationNone: warn
  low:
    approvals: []
    rotationNone: "off"

# Lowest tier by environment and type; empty lists match everything. Authors can only raise.
floors:
  - tier: high
    environments: [prod]
    secretTypes: [database-credentials, encryption-key, signing-key, tls-private-key]
    reason: loss in production reaches customer data
  - tier: medium
    environments: [staging]
    secretTypes: [database-credentials, encryption-key, signing-key, tls-private-key]
    reason: staging often holds copies of production data

# Which Kubernetes namespaces a service may project into. The namespace of its own name is always its own, unless a mapping below
# names both. kube-*, openshift-*, default, argocd, external-secrets and their like are reserved whatever stands here.
namespaces:
  sameAsService: true
  mapped: []
  reserved: [kube-system, kube-public, kube-node-lease, default, argocd, external-secrets, flux-system, cert-manager, istio-system]

# Kubernetes Secrets that no request may own, in every namespace or in one.
reservedTargets:
  - name: argocd-secret
  - name: argocd-initial-admin-secret

# Decision record (metadata.adr) by tier: block, warn, info or off.
requireAdr:
  high: "off"

# Approvals of a change to the gate itself: this file, enums, approvers, tombstones, goldenpath.yaml, workflows.
governanceApprovals:
  - role: platform
  - role: security

# Least days in a lifecycle state before the next step. Can be raised, not lowered.
dwellDays:
  low: 1
  medium: 7
  high: 14

# Days before the end of a request's term at which warnings begin, and the longest term by tier (high: 365), where there shall be one.
ttlWarnDays: 14
ttlMaxDays: {}

# Rotation cadence by class: due, overdue, and warned ahead, in days (UTC). A class can say otherwise for a type under secretTypes.
rotation:
  standard:
    everyDays: 90
    maxAgeDays: 120
    warnDays: 14
  high:
    everyDays: 30
    maxAgeDays: 45
    warnDays: 7

# Rules that no waiver covers, beside those that are never waivable.
unwaivable: []

# Approved exceptions:
#   - rule: rotation-required
#     request: SEC-0042
#     owner: app-team
#     ticket: PLAT-118
#     reason: the vendor cannot rotate this key before its next release
#     expiresOn: 2030-01-31
waivers: []
"""
"""UTF-8 YAML of kind ``Policy``."""
