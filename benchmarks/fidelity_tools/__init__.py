"""The parts of `benchmarks/fidelity.py`: texts with marked sentences, producers, scoring."""
