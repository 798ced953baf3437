"""Object stores as sources: Azure Blob Storage and S3."""
