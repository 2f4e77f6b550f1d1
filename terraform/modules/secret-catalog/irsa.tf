# The role that External Secrets assumes through the cluster's OIDC provider: one service account, one environment's values.
# Both documents are the ones that goldenpath projects beside the manifests, so that they are written in one place.

locals {
  roles = var.external_secrets_role == null ? {} : { external-secrets = var.external_secrets_role }
}

resource "aws_iam_role" "external_secrets" {
  for_each = local.roles

  name                 = each.value.name
  description          = "External Secrets reads the values of ${each.value.environment}"
  assume_role_policy   = each.value.trust_policy
  max_session_duration = 3600
  tags                 = { "goldenpath:environment" = each.value.environment }
}

resource "aws_iam_role_policy" "external_secrets" {
  for_each = local.roles

  name   = "read-values"
  role   = aws_iam_role.external_secrets[each.key].id
  policy = each.value.policy
}
