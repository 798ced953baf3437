"""The landing: list, plan, read, copy, keep the books."""
