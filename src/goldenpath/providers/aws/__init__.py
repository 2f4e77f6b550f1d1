"""AWS: Secrets Manager and Parameter Store over boto3, which is imported only when one of them is opened."""
