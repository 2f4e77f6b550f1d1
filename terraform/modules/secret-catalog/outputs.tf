output "secret_arns" {
  description = "ARN of each container, by request id."
  value       = { for id, secret in aws_secretsmanager_secret.this : id => secret.arn }
}

output "external_secrets_role_arn" {
  description = "ARN of the role of External Secrets; null when none was asked for."
  value       = one([for role in aws_iam_role.external_secrets : role.arn])
}
