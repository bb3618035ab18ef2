"""Budget-matched evaluation against chunks: sets -> corpus -> pieces -> rankings -> scores -> tables. The face of the
package.

`driver` goes from sets to files; `evaluate_set` ranks and scores one set on its `workbench`; `systems` lists what is
compared: `pieces` cuts, `embed` and `lexical` search, `rankings` turns hits into text; `scoring`, `bootstrap` and
`results` compute the figures; `result_tables`, `figures` and `html_report` show them; `reader_answers` and `reader_run`
have a language model read what was found; `dev` measures an encoder in training; `experiments` has a module or folder
for each experiment.
"""

from __future__ import annotations

from .dev import DevBench
from .driver import Encoders, add_to_log, log_entry, run_evaluation, run_experiment
from .evaluate_set import EvaluateOptions, SetResult
from .html_report import publish
from .reader_run import ReaderOptions
from .records import BUDGETS_TOKENS, EXPERIMENTS, SCOPES
from .result_tables import experiment_tables, render_text, results_tables
from .scoring import score_rankings
from .systems import select_systems
from .workbench import Workbench

__all__ = [
    "BUDGETS_TOKENS",
    "EXPERIMENTS",
    "SCOPES",
    "DevBench",
    "Encoders",
    "EvaluateOptions",
    "ReaderOptions",
    "SetResult",
    "Workbench",
    "add_to_log",
    "experiment_tables",
    "log_entry",
    "publish",
    "render_text",
    "results_tables",
    "run_evaluation",
    "run_experiment",
    "score_rankings",
    "select_systems",
]
