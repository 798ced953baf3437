"""Runs dbt on the database the loaders use."""
