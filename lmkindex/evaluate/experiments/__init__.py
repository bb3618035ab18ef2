"""Experiments that the method calls for: each is a function from an `ExperimentInput` to an `Experiment` (docs/evaluation.md)."""
