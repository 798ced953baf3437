"""File times beyond the range of times date nothing and decide nothing; where needed, they are told."""
