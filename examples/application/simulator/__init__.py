"""A sales-training simulator in small: what an application on `pulse_store` looks like."""
