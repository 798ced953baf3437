"""Front ends: each turns a language into the one form of syntax.py."""
