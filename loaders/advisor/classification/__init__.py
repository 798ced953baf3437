"""pulse-elt classify: what the files of a tree are, from the tree itself."""
