"""Drills: rehearsals of a restore and of an upgrade, and faults that strangers met (faults/).

They need the embedded servers, as tests do, and report to operators, as benchmarks do, so they
are next to both and not in the package.
"""
