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
    rotation_lambda_arn     = optional(string)
    tags                    = map(string)
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
    condition     = alltrue([for secret in var.goldenpath_secrets : secret.rotation_lambda_arn == null || secret.rotation_days != null])
    error_message = "A rotation function needs rotation_days."
  }
}

variable "external_secrets_role" {
  description = "The IRSA role that External Secrets assumes to read the values of one environment; null for none."
  type = object({
    name              = string
    oidc_provider_arn = string
    namespace         = string
    service_account   = string
    prefix            = string
    environment       = string
    kms_key_arns      = optional(list(string), [])
  })
  default = null

  validation {
    condition = var.external_secrets_role == null ? true : alltrue([
      for word in [
        var.external_secrets_role.namespace,
        var.external_secrets_role.service_account,
        var.external_secrets_role.prefix,
        var.external_secrets_role.environment,
      ] : can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", word))
    ])
    error_message = "Namespace, service account, prefix and environment are plain lower-case names: a wildcard would widen the role."
  }
  validation {
    condition = var.external_secrets_role == null ? true : can(
      regex("^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/[^*?]+$", var.external_secrets_role.oidc_provider_arn)
    )
    error_message = "The OIDC provider is given by its ARN."
  }
}
