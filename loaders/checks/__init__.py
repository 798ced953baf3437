"""Gates: what must hold of the landing before dbt, and of the marts after it."""
