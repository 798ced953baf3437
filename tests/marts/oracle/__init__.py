"""What the marts must say, worked out a second time in plain Python from the specification alone.

Nothing here was derived from the models: its sources are docs/design.md §5 and
docs/legacy-format.md.
"""
