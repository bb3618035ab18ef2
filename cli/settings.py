"""Settings from files and the environment: flags, then `LMKINDEX_*`, then `./lmkindex.toml`, then the user's file, then
defaults.

Typer picks the value. This module checks every key and type in the files, passes their values to Typer, and knows where
a value came from. Common keys are at the top of a file, the others in a table per command; `[ask]` inherits the
retrieval settings of `[search]`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from lmkindex.errors import UsageError
from lmkindex.user_text import read_user_text

from .options import COMMON, ONE_TIME, TEXT_OR_NUMBER

PROJECT_FILE = "lmkindex.toml"
CONFIG_VARIABLE = "LMKINDEX_CONFIG"
# Read by the library or at startup, not as the default of an option.
OTHER_VARIABLES = frozenset({CONFIG_VARIABLE, "LMKINDEX_CACHE", "LMKINDEX_API_KEY"})
PREFIX = "LMKINDEX_"
INHERITS = {"ask": "search"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """An option that files and the environment may set. `key` is its name in files; `types` are what it may be in
    TOML."""

    name: str
    key: str
    types: tuple[type, ...]
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """A file that was read and checked: its values by command, with "" for the common ones."""

    path: Path
    values: Mapping[str, Mapping[str, Any]]


Schema = dict[str, dict[str, Setting]]


def leaf_commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """All commands that do something, with their names as typed: `build`, `encoders list`."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaf_commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def read_schema(group: Any) -> Schema:
    """The settings of each command by key, with the common settings under "". One-time options are left out."""
    schema: Schema = {"": {}}
    for command_name, command in leaf_commands(group):
        for parameter in command.params:
            if parameter.param_type_name != "option" or parameter.name in ONE_TIME:
                continue
            owner = "" if parameter.name in COMMON else command_name
            key = parameter.opts[0].removeprefix("--").replace("-", "_")
            source = INHERITS.get(owner)
            owners = [owner, source] if source is not None and key in schema[source] else [owner]
            variables = tuple(PREFIX + "_".join([*one.split(), key]).upper() for one in owners)
            setting = Setting(name=parameter.name, key=key, types=types_of(parameter), variables=variables)
            schema.setdefault(owner, {})[key] = setting
    return schema


def types_of(parameter: Any) -> tuple[type, ...]:
    """The types that TOML may give for an option."""
    if parameter.is_flag:
        return (bool,)
    if parameter.multiple:
        return (list,)
    if parameter.name in TEXT_OR_NUMBER:
        return (str, int, float)
    if isinstance(parameter.default, float):
        return (int, float)
    return (int,) if isinstance(parameter.default, int) or parameter.name.endswith("_tokens") else (str,)


def bind_environment(group: Any, schema: Schema) -> None:
    """Tell Typer which environment variables belong to which option."""
    for command_name, command in leaf_commands(group):
        known = {setting.name: setting for owner in ("", command_name) for setting in schema.get(owner, {}).values()}
        for parameter in command.params:
            if parameter.name in known:
                parameter.envvar = list(known[parameter.name].variables)
                parameter.show_envvar = False  # the naming rule is in docs/reference/cli.md; names in the help make it hard to read


def settings_paths() -> list[Path]:
    """Where settings files may be; the last one wins. Raises `UsageError` when `LMKINDEX_CONFIG` is not a file."""
    from platformdirs import user_config_path

    named = os.environ.get(CONFIG_VARIABLE)
    if named and not Path(named).is_file():
        raise UsageError(f"{CONFIG_VARIABLE} is {named}, which is not a file. Correct it or unset it.")
    return [Path(named) if named else user_config_path("lmkindex", appauthor=False) / "config.toml", Path(PROJECT_FILE)]


def read_files(schema: Schema) -> list[SettingsFile]:
    """All settings files that exist, checked; the last one wins."""
    return [read_settings_file(path, schema) for path in settings_paths() if path.is_file()]


def read_settings_file(path: Path, schema: Schema) -> SettingsFile:
    """Read and check one file. Raises a `UsageError` that names the file, the key and the expected value."""
    try:
        content = tomllib.loads(read_user_text(path))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}. Correct or move the file.") from error
    common = {key: value for key, value in content.items() if not isinstance(value, dict)}
    tables = {name: table for name, table in content.items() if isinstance(table, dict)}
    values = {"": check_table(path, "", common, schema[""], [*schema[""], *(f"[{name}]" for name in schema if name)])}
    for name, table in tables.items():
        if name not in schema or not name:
            raise unknown(path, f"[{name}]", [f"[{known}]" for known in schema if known])
        values[name] = check_table(path, name, table, schema[name], [*schema[name]])
    for heir, source in INHERITS.items():
        inherited = {key: value for key, value in values.get(source, {}).items() if key in schema[heir]}
        values[heir] = inherited | values.get(heir, {})
    return SettingsFile(path=path, values=values)


def check_table(path: Path, owner: str, table: Mapping[str, Any], settings: Mapping[str, Setting], valid: list[str]) -> dict[str, Any]:
    """The values of a table by key; dashes in keys count as underscores."""
    checked: dict[str, Any] = {}
    for written, value in table.items():
        key = written.replace("-", "_")
        label = f"{owner}.{written}" if owner else written
        if key not in settings:
            raise unknown(path, label, valid, key)
        if key in checked:
            raise UsageError(f"{path}: `{label}` is set twice, once with a dash and once with an underscore. Keep one of them.")
        checked[key] = check_value(path, label, value, settings[key].types)
    return checked


def check_value(path: Path, label: str, value: Any, types: tuple[type, ...]) -> Any:
    """`value` in the form that the option takes. A bool is not a number; a list holds strings."""
    names = {bool: "true or false", list: "a list of strings", str: "a string", int: "a whole number", float: "a number"}
    is_right = isinstance(value, types) and (not isinstance(value, bool) or bool in types)
    if isinstance(value, list):
        is_right = is_right and all(isinstance(item, str) for item in value)
    if not is_right:
        wanted = " or ".join(names[one] for one in types if one is not int or float not in types)
        raise UsageError(f"{path}: `{label}` must be {wanted}, not {value!r}.")
    return str(value) if str in types else value


def unknown(path: Path, label: str, valid: list[str], key: str | None = None) -> UsageError:
    """The error for an unknown key or table, with the closest known name."""
    near = get_close_matches(key or label, valid, n=1, cutoff=0.5)
    advice = f"Did you mean `{near[0]}`?" if near else f"Valid settings are: {', '.join(sorted(valid))}."
    return UsageError(f"{path}: `{label}` is not a setting. {advice}")


def merge_files(files: list[SettingsFile], owner: str) -> dict[str, tuple[Any, Path]]:
    """The values that files give a command ("" for the common settings), each with the file it comes from."""
    return {key: (value, file.path) for file in files for key, value in file.values.get(owner, {}).items()}


def default_map(group: Any, schema: Schema, files: list[SettingsFile]) -> dict[str, Any]:
    """The values of the files in Typer's form: by command and parameter, nested like the commands."""
    result: dict[str, Any] = {}
    for command_name, _ in leaf_commands(group):
        place = result
        for word in command_name.split():
            place = place.setdefault(word, {})
        for owner in ("", command_name):
            for key, (value, _) in merge_files(files, owner).items():
                place[schema[owner][key].name] = value
    return result


def unknown_variables(schema: Schema) -> list[str]:
    """Variables with our prefix that nothing reads: most likely misspelled."""
    known = OTHER_VARIABLES | {variable for settings in schema.values() for setting in settings.values() for variable in setting.variables}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
