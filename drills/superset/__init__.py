"""The check of deploy/superset (make superset)."""
