"""Experiments about the method: `run_NAME` in the module or package NAME takes an `ExperimentInput` and returns an
`Experiment`.

Each knows only its own question; `common` holds their input and output records, `paired` their paired figures. See
docs/results/evaluation.md.
"""
