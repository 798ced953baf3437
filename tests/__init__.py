"""Tests, against a real PostgreSQL that they start themselves."""
