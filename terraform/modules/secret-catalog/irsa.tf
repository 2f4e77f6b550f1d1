# The role that External Secrets assumes through the cluster's OIDC provider: one service account, one environment's values.

locals {
  roles  = var.external_secrets_role == null ? {} : { external-secrets = var.external_secrets_role }
  issuer = { for key, role in local.roles : key => split(":oidc-provider/", role.oidc_provider_arn)[1] }
  # the six characters that Secrets Manager appends; `-*` would also match longer names
  patterns = {
    for key, role in local.roles : key => join(":", [
      "arn", data.aws_partition.current[key].partition, "secretsmanager", data.aws_region.current[key].name,
      data.aws_caller_identity.current[key].account_id, "secret", "${role.prefix}/*/${role.environment}/*-??????",
    ])
  }
}

data "aws_caller_identity" "current" {
  for_each = local.roles
}

data "aws_partition" "current" {
  for_each = local.roles
}

data "aws_region" "current" {
  for_each = local.roles
}

resource "aws_iam_role" "external_secrets" {
  for_each = local.roles

  name                 = each.value.name
  description          = "External Secrets in ${each.value.namespace} reads the values of ${each.value.environment}"
  max_session_duration = 3600
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OneServiceAccount"
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = each.value.oidc_provider_arn }
      Condition = {
        StringEquals = {
          "${local.issuer[each.key]}:aud" = "sts.amazonaws.com"
          "${local.issuer[each.key]}:sub" = "system:serviceaccount:${each.value.namespace}:${each.value.service_account}"
        }
      }
    }]
  })
  tags = { "goldenpath:environment" = each.value.environment }
}

resource "aws_iam_role_policy" "external_secrets" {
  for_each = local.roles

  name = "read-values"
  role = aws_iam_role.external_secrets[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "ReadValues"
        Effect    = "Allow"
        Action    = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:ListSecretVersionIds"]
        Resource  = [local.patterns[each.key]]
        Condition = { StringEquals = { "aws:ResourceTag/goldenpath:environment" = each.value.environment } }
      }],
      [for keys in [each.value.kms_key_arns] : {
        Sid       = "DecryptValues"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = keys
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${data.aws_region.current[each.key].name}.amazonaws.com" } }
      } if length(keys) > 0],
    )
  })
}
