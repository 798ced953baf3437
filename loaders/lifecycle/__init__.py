"""The life of what has landed: how long it is kept."""
