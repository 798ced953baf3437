"""The nightly job: load, gates and build as one run, with a log, retries and notifications."""
