mock_provider "aws" {}

variables {
  goldenpath_secrets = {
    SEC-0007 = {
      name                    = "goldenpath/payments/dev/db"
      description             = "database"
      kms_key                 = "alias/platform"
      policy                  = "{\"Statement\":[],\"Version\":\"2012-10-17\"}"
      recovery_window_in_days = 14
      rotation_class          = "standard"
      rotation_days           = 90
      tags                    = { "goldenpath:id" = "SEC-0007", "goldenpath:environment" = "dev" }
    }
    SEC-0008 = {
      name                    = "goldenpath/payments/dev/api"
      description             = "api"
      kms_key                 = null
      policy                  = ""
      recovery_window_in_days = 7
      rotation_class          = "none"
      rotation_days           = null
      tags                    = { "goldenpath:id" = "SEC-0008", "goldenpath:environment" = "dev" }
    }
  }
}

run "containers_carry_what_the_catalog_says" {
  command = plan

  assert {
    condition     = toset(keys(aws_secretsmanager_secret.this)) == toset(["SEC-0007", "SEC-0008"])
    error_message = "one container per request"
  }
  assert {
    condition     = aws_secretsmanager_secret.this["SEC-0007"].kms_key_id == "alias/platform"
    error_message = "the key of the environment"
  }
  assert {
    condition     = aws_secretsmanager_secret.this["SEC-0008"].recovery_window_in_days == 7
    error_message = "the recovery window of the request"
  }
  assert {
    condition     = alltrue([for id, secret in aws_secretsmanager_secret.this : secret.tags["goldenpath:id"] == id])
    error_message = "the tag that makes a record ours"
  }
  assert {
    condition     = alltrue([for secret in aws_secretsmanager_secret.this : !secret.force_overwrite_replica_secret])
    error_message = "a replica of somebody else is never overwritten"
  }
}

run "a_policy_only_where_there_is_one" {
  command = plan

  assert {
    condition     = toset(keys(aws_secretsmanager_secret_policy.this)) == toset(["SEC-0007"])
    error_message = "an empty policy is no policy"
  }
}

run "no_rotation_without_a_function" {
  command = plan

  assert {
    condition     = length(aws_secretsmanager_secret_rotation.this) == 0
    error_message = "a cadence alone schedules nothing at AWS"
  }
}

run "rotation_with_a_function_changes_no_value_at_once" {
  command = plan

  variables {
    goldenpath_secrets = {
      SEC-0007 = {
        name                    = "goldenpath/payments/dev/db"
        description             = "database"
        policy                  = ""
        recovery_window_in_days = 14
        rotation_days           = 90
        rotation                = { lambda_arn = "arn:aws:lambda:us-east-1:593517239005:function:rotate", days = 90, schedule = null, duration = null }
        tags                    = { "goldenpath:id" = "SEC-0007" }
      }
    }
  }

  assert {
    condition     = aws_secretsmanager_secret_rotation.this["SEC-0007"].rotation_rules[0].automatically_after_days == 90
    error_message = "the cadence of the class"
  }
  assert {
    condition     = aws_secretsmanager_secret_rotation.this["SEC-0007"].rotate_immediately == false
    error_message = "setting the schedule must not change a value"
  }
}

run "a_window_is_a_schedule_with_a_duration" {
  command = plan

  variables {
    goldenpath_secrets = {
      SEC-0007 = {
        name                    = "goldenpath/payments/dev/db"
        description             = "database"
        policy                  = ""
        recovery_window_in_days = 14
        rotation                = { lambda_arn = "arn:aws:lambda:us-east-1:593517239005:function:rotate", schedule = "cron(0 2 1 1/2 ? *)", duration = "3h" }
        tags                    = { "goldenpath:id" = "SEC-0007" }
      }
    }
  }

  assert {
    condition     = aws_secretsmanager_secret_rotation.this["SEC-0007"].rotation_rules[0].schedule_expression == "cron(0 2 1 1/2 ? *)"
    error_message = "the schedule as it was worked out"
  }
  assert {
    condition     = aws_secretsmanager_secret_rotation.this["SEC-0007"].rotation_rules[0].duration == "3h"
    error_message = "the window"
  }
}

run "days_and_a_schedule_contradict_each_other" {
  command = plan

  variables {
    goldenpath_secrets = {
      SEC-0007 = {
        name                    = "goldenpath/payments/dev/db"
        description             = "database"
        policy                  = ""
        recovery_window_in_days = 14
        rotation                = { lambda_arn = "arn:aws:lambda:us-east-1:593517239005:function:rotate", days = 30, schedule = "rate(30 days)" }
        tags                    = { "goldenpath:id" = "SEC-0007" }
      }
    }
  }

  expect_failures = [var.goldenpath_secrets]
}

run "replicas_are_made_where_they_are_asked_for" {
  command = plan

  variables {
    goldenpath_secrets = {
      SEC-0007 = {
        name                    = "goldenpath/payments/dev/db"
        description             = "database"
        policy                  = ""
        recovery_window_in_days = 14
        replica_regions         = { "eu-west-1" = "" }
        tags                    = { "goldenpath:id" = "SEC-0007" }
      }
    }
  }

  assert {
    condition     = [for each in aws_secretsmanager_secret.this["SEC-0007"].replica : each.region] == ["eu-west-1"]
    error_message = "one replica"
  }
}

run "a_container_under_another_request_is_refused" {
  command = plan

  variables {
    goldenpath_secrets = {
      SEC-0007 = {
        name                    = "goldenpath/payments/dev/db"
        description             = "database"
        policy                  = ""
        recovery_window_in_days = 14
        tags                    = { "goldenpath:id" = "SEC-0008" }
      }
    }
  }

  expect_failures = [var.goldenpath_secrets]
}

run "deletion_without_a_recovery_window_is_refused" {
  command = plan

  variables {
    goldenpath_secrets = {
      SEC-0007 = {
        name                    = "goldenpath/payments/dev/db"
        description             = "database"
        policy                  = ""
        recovery_window_in_days = 0
        tags                    = { "goldenpath:id" = "SEC-0007" }
      }
    }
  }

  expect_failures = [var.goldenpath_secrets]
}

run "two_requests_with_one_name_are_refused" {
  command = plan

  variables {
    goldenpath_secrets = {
      SEC-0007 = {
        name                    = "goldenpath/payments/dev/db"
        description             = "database"
        policy                  = ""
        recovery_window_in_days = 14
        tags                    = { "goldenpath:id" = "SEC-0007" }
      }
      SEC-0008 = {
        name                    = "goldenpath/payments/dev/db"
        description             = "database"
        policy                  = ""
        recovery_window_in_days = 14
        tags                    = { "goldenpath:id" = "SEC-0008" }
      }
    }
  }

  expect_failures = [var.goldenpath_secrets]
}
