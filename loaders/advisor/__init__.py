"""The architect: finds code that treats JSON files as a database, and judges what it finds."""
