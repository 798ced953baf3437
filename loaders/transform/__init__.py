"""Transforming: dbt on the database the loaders use."""
