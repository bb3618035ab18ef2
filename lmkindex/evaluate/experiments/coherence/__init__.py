"""`coherence`: does a landmark know its context? The face of the package.

`experiment` runs it, `rules` and `english` judge whether a sentence needs its context, `class_figures` and `groups`
compare the classes, `report` describes the results.
"""

from __future__ import annotations

from .experiment import run_coherence

__all__ = ["run_coherence"]
