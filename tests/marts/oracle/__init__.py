"""What the marts must say, worked out a second time in plain Python from the specification alone.

Nothing here was derived from the models: design §5 and the page on the legacy files are its source.
"""
