"""A deterministic legacy tree of any size, for demos, tests and benchmarks."""

from loaders.sample.generate import SampleSummary, generate, generate_nights
from loaders.sample.plan import SampleError, SamplePlan
from loaders.sample.proportions import BELIEVABLE, Proportions

__all__ = [
    "BELIEVABLE",
    "Proportions",
    "SampleError",
    "SamplePlan",
    "SampleSummary",
    "generate",
    "generate_nights",
]
