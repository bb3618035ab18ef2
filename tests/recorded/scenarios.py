"""All scenarios by name: each runs command lines in its own place and leaves their records there."""

from __future__ import annotations

import scenarios_builds
import scenarios_examples
import scenarios_files
import scenarios_tools
import scenarios_usage
from place import JsonObject
from stage import Stage

SCENARIOS = {
    scenario.__name__: scenario
    for scenario in (
        *scenarios_examples.SCENARIOS,
        *scenarios_files.SCENARIOS,
        *scenarios_builds.SCENARIOS,
        *scenarios_usage.SCENARIOS,
        *scenarios_tools.SCENARIOS,
    )
}


def scenario_names() -> list[str]:
    return list(SCENARIOS)


def run_scenario(name: str, stage: Stage) -> list[JsonObject]:
    """The normalised records of one scenario, in the order of its commands."""
    place = stage.place(name)
    SCENARIOS[name](stage, place)
    return place.records
