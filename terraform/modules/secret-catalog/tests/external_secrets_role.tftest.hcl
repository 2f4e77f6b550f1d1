mock_provider "aws" {}

variables {
  goldenpath_secrets = {}
  external_secrets_role = {
    name         = "goldenpath-dev-external-secrets"
    environment  = "dev"
    trust_policy = <<-EOT
      {"Statement": [{
        "Sid": "AssumeByOneIdentity", "Effect": "Allow", "Action": ["sts:AssumeRoleWithWebIdentity"],
        "Principal": {"Federated": "arn:aws:iam::593517239005:oidc-provider/oidc.example/id/1"},
        "Condition": {"StringEquals": {
          "oidc.example/id/1:aud": "sts.amazonaws.com",
          "oidc.example/id/1:sub": "system:serviceaccount:external-secrets:eso-irsa-sa"
        }}
      }], "Version": "2012-10-17"}
    EOT
    policy       = <<-EOT
      {"Statement": [{
        "Sid": "ReadValues", "Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"],
        "Resource": ["arn:aws:secretsmanager:us-east-1:593517239005:secret:goldenpath/*/dev/*-??????"]
      }], "Version": "2012-10-17"}
    EOT
  }
}

run "the_role_has_the_projected_documents" {
  command = plan

  assert {
    condition     = jsondecode(aws_iam_role.external_secrets["external-secrets"].assume_role_policy) == jsondecode(var.external_secrets_role.trust_policy)
    error_message = "the trust, unchanged"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.external_secrets["external-secrets"].policy) == jsondecode(var.external_secrets_role.policy)
    error_message = "the permission, unchanged"
  }
  assert {
    condition     = aws_iam_role.external_secrets["external-secrets"].tags["goldenpath:environment"] == "dev"
    error_message = "whose it is"
  }
}

run "no_role_unless_asked_for" {
  command = plan

  variables {
    external_secrets_role = null
  }

  assert {
    condition     = length(aws_iam_role.external_secrets) == 0 && output.external_secrets_role_arn == null
    error_message = "no role"
  }
}

run "a_trust_without_a_subject_is_refused" {
  command = plan

  variables {
    external_secrets_role = {
      name         = "goldenpath-dev-external-secrets"
      environment  = "dev"
      trust_policy = "{\"Statement\": [{\"Principal\": {\"Federated\": \"arn:aws:iam::593517239005:oidc-provider/o\"}, \"Condition\": {\"StringEquals\": {\"o:aud\": \"sts.amazonaws.com\"}}}]}"
      policy       = "{\"Statement\": [{\"Action\": [\"secretsmanager:GetSecretValue\"], \"Resource\": [\"arn:x\"]}]}"
    }
  }

  expect_failures = [var.external_secrets_role]
}

run "a_trust_by_pattern_is_refused" {
  command = plan

  variables {
    external_secrets_role = {
      name         = "goldenpath-dev-external-secrets"
      environment  = "dev"
      trust_policy = "{\"Statement\": [{\"Principal\": {\"Federated\": \"arn:aws:iam::593517239005:oidc-provider/o\"}, \"Condition\": {\"StringLike\": {\"o:sub\": \"system:serviceaccount:*\"}, \"StringEquals\": {\"o:aud\": \"sts.amazonaws.com\"}}}]}"
      policy       = "{\"Statement\": [{\"Action\": [\"secretsmanager:GetSecretValue\"], \"Resource\": [\"arn:x\"]}]}"
    }
  }

  expect_failures = [var.external_secrets_role]
}

run "a_wildcard_subject_is_refused" {
  command = plan

  variables {
    external_secrets_role = {
      name         = "goldenpath-dev-external-secrets"
      environment  = "dev"
      trust_policy = "{\"Statement\": [{\"Principal\": {\"Federated\": \"arn:aws:iam::593517239005:oidc-provider/o\"}, \"Condition\": {\"StringEquals\": {\"o:aud\": \"sts.amazonaws.com\", \"o:sub\": \"system:serviceaccount:a:*\"}}}]}"
      policy       = "{\"Statement\": [{\"Action\": [\"secretsmanager:GetSecretValue\"], \"Resource\": [\"arn:x\"]}]}"
    }
  }

  expect_failures = [var.external_secrets_role]
}

run "a_policy_on_every_resource_is_refused" {
  command = plan

  variables {
    external_secrets_role = {
      name         = "goldenpath-dev-external-secrets"
      environment  = "dev"
      trust_policy = "{\"Statement\": [{\"Principal\": {\"Federated\": \"arn:aws:iam::593517239005:oidc-provider/o\"}, \"Condition\": {\"StringEquals\": {\"o:aud\": \"sts.amazonaws.com\", \"o:sub\": \"system:serviceaccount:a:b\"}}}]}"
      policy       = "{\"Statement\": [{\"Action\": [\"secretsmanager:GetSecretValue\"], \"Resource\": \"*\"}]}"
    }
  }

  expect_failures = [var.external_secrets_role]
}

run "a_policy_with_every_action_is_refused" {
  command = plan

  variables {
    external_secrets_role = {
      name         = "goldenpath-dev-external-secrets"
      environment  = "dev"
      trust_policy = "{\"Statement\": [{\"Principal\": {\"Federated\": \"arn:aws:iam::593517239005:oidc-provider/o\"}, \"Condition\": {\"StringEquals\": {\"o:aud\": \"sts.amazonaws.com\", \"o:sub\": \"system:serviceaccount:a:b\"}}}]}"
      policy       = "{\"Statement\": [{\"Action\": [\"secretsmanager:*\"], \"Resource\": [\"arn:x\"]}]}"
    }
  }

  expect_failures = [var.external_secrets_role]
}
