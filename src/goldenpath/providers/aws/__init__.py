"""AWS: Secrets Manager and Parameter Store over botocore, which is imported only when one of them is opened."""
