"""pulse-elt: makes PostgreSQL the system of record for what PULSE kept in JSON files."""

__version__ = "0.1.0"
