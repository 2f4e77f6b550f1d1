# The containers of one environment, from the variables that goldenpath writes to environments/<name>/terraform/secrets.auto.tfvars.json
# on the branch of manifests. Never a value: Terraform keeps every argument in its plan and state.
#   terraform -chdir=terraform plan -var-file=../environments/dev/terraform/secrets.auto.tfvars.json
# With provision.engine: terraform in goldenpath.yaml, goldenpath apply does this by itself, and this folder is not used.
terraform {
  required_version = ">= 1.7"
}

variable "goldenpath_secrets" {
  description = "Containers by request id, as goldenpath writes them."
  type        = any
}

module "catalog" {
  source             = "./modules/secret-catalog"
  goldenpath_secrets = var.goldenpath_secrets
}

output "secret_arns" {
  description = "ARN of each container, by request id."
  value       = module.catalog.secret_arns
}
