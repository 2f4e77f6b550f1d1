# Containers of platform secrets: names, tags, policies, keys, rotation settings. Never a value: nothing here takes or reads one.

locals {
  restricted = { for id, secret in var.goldenpath_secrets : id => secret if secret.policy != "" }
  rotating   = { for id, secret in var.goldenpath_secrets : id => secret if secret.rotation != null }
}

resource "aws_secretsmanager_secret" "this" {
  for_each = var.goldenpath_secrets

  name                           = each.value.name
  description                    = each.value.description
  kms_key_id                     = each.value.kms_key
  recovery_window_in_days        = each.value.recovery_window_in_days
  force_overwrite_replica_secret = false
  tags                           = each.value.tags

  dynamic "replica" {
    for_each = each.value.replica_regions
    content {
      region     = replica.key
      kms_key_id = replica.value == "" ? null : replica.value
    }
  }

  lifecycle {
    # taking a secret away is a reviewed action of the platform, with its recovery window; a plan that would do it must fail
    prevent_destroy = true

    # who wrote last, and what: the platform's own bookkeeping, whichever engine made the record
    ignore_changes = [
      tags["goldenpath:applied"], tags_all["goldenpath:applied"],
      tags["goldenpath:changing"], tags_all["goldenpath:changing"],
      tags["goldenpath:commit"], tags_all["goldenpath:commit"],
      tags["goldenpath:fingerprint"], tags_all["goldenpath:fingerprint"],
      tags["goldenpath:generation"], tags_all["goldenpath:generation"],
      tags["goldenpath:operation"], tags_all["goldenpath:operation"],
    ]
  }
}

resource "aws_secretsmanager_secret_policy" "this" {
  for_each = local.restricted

  secret_arn = aws_secretsmanager_secret.this[each.key].arn
  policy     = each.value.policy

  # the direct engine asks for the same check
  block_public_policy = true
}

resource "aws_secretsmanager_secret_rotation" "this" {
  for_each = local.rotating

  secret_id           = aws_secretsmanager_secret.this[each.key].arn
  rotation_lambda_arn = each.value.rotation.lambda_arn
  # when a value changes is the platform's decision, so setting the schedule alone must not change one
  rotate_immediately = false

  rotation_rules {
    automatically_after_days = each.value.rotation.days
    schedule_expression      = each.value.rotation.schedule
    duration                 = each.value.rotation.duration
  }
}
