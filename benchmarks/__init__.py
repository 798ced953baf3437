"""The benchmarks behind docs/performance.md. Nothing here is a test."""
