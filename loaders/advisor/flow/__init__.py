"""Evaluation: what expressions are worth, and which files a function touches."""
