"""Pages of pictures: where the learners stand, in one file that opens from disk."""
