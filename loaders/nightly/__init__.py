"""The nightly job: load, gates and build as one run that is booked, retried and told of."""
