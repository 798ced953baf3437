"""From accesses to places: lines, path templates, and what they have in common."""
