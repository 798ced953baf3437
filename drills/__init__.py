"""Drills: what must go well on the day it is needed, tried on days when it is not.

They need the embedded servers, as tests do, and say something to operators, as benchmarks do; so
they stand beside both and are no part of the package.
"""
