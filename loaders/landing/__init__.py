"""The landing: list, plan, read, copy, record."""
