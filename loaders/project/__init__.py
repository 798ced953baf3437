"""The reviewed files of the project: where they are, and what they say."""
