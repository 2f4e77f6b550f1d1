variable "goldenpath_secrets" {
  description = "Containers by request id, as goldenpath writes them to secrets.auto.tfvars.json. There is no attribute for a value."
  type = map(object({
    name                    = string
    description             = string
    kms_key                 = optional(string)
    policy                  = string
    recovery_window_in_days = number
    replica_regions         = optional(map(string), {})
    rotation_days           = optional(number)
    rotation = optional(object({
      lambda_arn = string
      days       = optional(number)
      schedule   = optional(string)
      duration   = optional(string)
    }))
    tags = map(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for id, secret in var.goldenpath_secrets : secret.tags["goldenpath:id"] == id])
    error_message = "Each container must carry the tag goldenpath:id with its own request id."
  }
  validation {
    condition     = alltrue([for secret in var.goldenpath_secrets : secret.recovery_window_in_days >= 7 && secret.recovery_window_in_days <= 30])
    error_message = "A recovery window is 7 to 30 days; deletion without one is not supported."
  }
  validation {
    condition     = length(distinct([for secret in var.goldenpath_secrets : secret.name])) == length(var.goldenpath_secrets)
    error_message = "Two requests name the same secret."
  }
  validation {
    condition = alltrue([
      for secret in var.goldenpath_secrets : secret.rotation == null ? true : (secret.rotation.days == null) != (secret.rotation.schedule == null)
    ])
    error_message = "A rotation function needs days or a schedule, and not both."
  }
}

variable "external_secrets_role" {
  description = <<-EOT
    The IRSA role that External Secrets assumes to read the values of one environment; null for none. The documents are
    iam/external-secrets-trust.json and iam/external-secrets-role.json of the environment's folder.
  EOT
  type = object({
    name         = string
    environment  = string
    trust_policy = string
    policy       = string
  })
  default = null

  validation {
    condition = var.external_secrets_role == null ? true : alltrue([
      for statement in jsondecode(var.external_secrets_role.trust_policy).Statement : alltrue([
        keys(statement.Condition) == ["StringEquals"],
        length([for claim, text in statement.Condition.StringEquals : claim if endswith(claim, ":aud") && text == "sts.amazonaws.com"]) == 1,
        length([
          for claim, text in statement.Condition.StringEquals : claim
          if endswith(claim, ":sub") && can(regex("^system:serviceaccount:[a-z0-9.-]+:[a-z0-9.-]+$", text))
        ]) == 1,
        keys(statement.Principal) == ["Federated"],
      ])
    ])
    error_message = "The trust must compare audience and one service account exactly."
  }
  validation {
    condition = var.external_secrets_role == null ? true : alltrue([
      for statement in jsondecode(var.external_secrets_role.policy).Statement :
      !contains(flatten([statement.Resource]), "*") && alltrue([for action in flatten([statement.Action]) : !strcontains(action, "*")])
    ])
    error_message = "The role's policy must name its actions and its resources."
  }
}
