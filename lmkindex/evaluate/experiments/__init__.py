"""Experiments that the method calls for: `run_NAME` in the module or package NAME takes an `ExperimentInput`, gives an
`Experiment`.

Each knows its own question only; `common` has what goes in and comes out, `paired` their paired figures. See
docs/results/evaluation.md.
"""
