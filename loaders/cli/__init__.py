"""The pulse-elt command: one module per group of commands, and no logic."""
