mock_provider "aws" {
  override_data {
    target = data.aws_caller_identity.current
    values = { account_id = "593517239005" }
  }
  override_data {
    target = data.aws_partition.current
    values = { partition = "aws" }
  }
  override_data {
    target = data.aws_region.current
    values = { name = "us-east-1" }
  }
}

variables {
  goldenpath_secrets = {}
  external_secrets_role = {
    name              = "goldenpath-dev-external-secrets"
    oidc_provider_arn = "arn:aws:iam::593517239005:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/0123"
    namespace         = "external-secrets"
    service_account   = "eso-irsa-sa"
    prefix            = "goldenpath"
    environment       = "dev"
  }
}

run "one_service_account_may_assume_it" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role.external_secrets["external-secrets"].assume_role_policy).Statement == [{
      Sid       = "OneServiceAccount"
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = var.external_secrets_role.oidc_provider_arn }
      Condition = {
        StringEquals = {
          "oidc.eks.us-east-1.amazonaws.com/id/0123:aud" = "sts.amazonaws.com"
          "oidc.eks.us-east-1.amazonaws.com/id/0123:sub" = "system:serviceaccount:external-secrets:eso-irsa-sa"
        }
      }
    }]
    error_message = "exact audience and subject, nothing that matches more"
  }
}

run "it_reads_one_environment_and_nothing_else" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role_policy.external_secrets["external-secrets"].policy).Statement == [{
      Sid       = "ReadValues"
      Effect    = "Allow"
      Action    = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:ListSecretVersionIds"]
      Resource  = ["arn:aws:secretsmanager:us-east-1:593517239005:secret:goldenpath/*/dev/*-??????"]
      Condition = { StringEquals = { "aws:ResourceTag/goldenpath:environment" = "dev" } }
    }]
    error_message = "one environment by pattern and by tag"
  }
}

run "it_decrypts_with_the_keys_that_are_named" {
  command = plan

  variables {
    external_secrets_role = {
      name              = "goldenpath-dev-external-secrets"
      oidc_provider_arn = "arn:aws:iam::593517239005:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/0123"
      namespace         = "external-secrets"
      service_account   = "eso-irsa-sa"
      prefix            = "goldenpath"
      environment       = "dev"
      kms_key_arns      = ["arn:aws:kms:us-east-1:593517239005:key/1"]
    }
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.external_secrets["external-secrets"].policy).Statement[1] == {
      Sid       = "DecryptValues"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = ["arn:aws:kms:us-east-1:593517239005:key/1"]
      Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.us-east-1.amazonaws.com" } }
    }
    error_message = "these keys, through Secrets Manager only"
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

run "a_wildcard_namespace_is_refused" {
  command = plan

  variables {
    external_secrets_role = {
      name              = "goldenpath-dev-external-secrets"
      oidc_provider_arn = "arn:aws:iam::593517239005:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/0123"
      namespace         = "*"
      service_account   = "eso-irsa-sa"
      prefix            = "goldenpath"
      environment       = "dev"
    }
  }

  expect_failures = [var.external_secrets_role]
}
