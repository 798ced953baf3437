"""Quarantine: entries, their reasons, and looking them up."""
