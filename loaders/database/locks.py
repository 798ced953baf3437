"""The advisory locks of pulse-elt, as (class, object) pairs; the class spells "puls"."""

_CLASS = 0x70756C73

# Number 1 is the landing clock: raw.landing_time() takes it shared, a build that fixes its
# cutoff (macros/) takes it exclusively.
LOAD_LOCK = (_CLASS, 2)
MIGRATION_LOCK = (_CLASS, 3)
RUN_LOCK = (_CLASS, 4)
