"""Operations on what has landed: status, retention and pruning."""
