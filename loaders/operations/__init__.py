"""Operations: status, retention and pruning."""
