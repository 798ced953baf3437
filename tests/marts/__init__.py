"""Tests of the transforming half: what the marts say of known documents."""
