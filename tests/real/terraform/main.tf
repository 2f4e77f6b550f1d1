# Takes what goldenpath generates and keeps all of it, so that a value in the tfvars would end in the plan and in the state.
variable "goldenpath_secrets" {
  type = map(object({
    name                    = string
    description             = string
    kms_key                 = string
    policy                  = string
    recovery_window_in_days = number
    rotation_class          = string
    rotation_days           = number
    tags                    = map(string)
  }))
}

resource "terraform_data" "container" {
  for_each = var.goldenpath_secrets
  input    = each.value
}

output "containers" {
  value = { for id, container in terraform_data.container : id => container.output }
}
