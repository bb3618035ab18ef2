"""What a form shows: the values that were filled in, and the choices that were made.

The words on buttons and labels are ordinary text. A hint (`placeholder`) or a password is not text.
"""

from __future__ import annotations

from typing import Any

BOXES = {"checkbox": ("☐", "☑"), "radio": ("○", "◉")}
MAX_OPTIONS = 20  # beside a chosen one: a longer list is one of all countries or all years
# Shown as dots, a file's name, a picture, a colour or a slider.
WITHOUT_TEXT = frozenset(("color", "file", "hidden", "image", "password", "range"))


def control_value(element: Any) -> str:
    """The text that an `input` or `select` shows; lines are separated by newlines."""
    if element.tag == "select":
        return _chosen(element)
    kind = element.get("type", "text").strip().lower()
    if kind in BOXES:
        return BOXES[kind][element.get("checked") is not None]
    return "" if kind in WITHOUT_TEXT else " ".join(element.get("value", "").split())


def _chosen(select: Any) -> str:
    """The options, as one click shows them. If one is chosen, they are marked, and of a long list it stands alone."""
    options = _options(select)
    has_chosen = any(is_chosen for is_chosen, _ in options)
    if has_chosen and len(options) > MAX_OPTIONS:
        options = [option for option in options if option[0]]
    boxes = BOXES["radio"] if has_chosen and len(options) > 1 else ("", "")
    return "\n".join(f"{boxes[is_chosen]} {text}".strip() for is_chosen, text in options if text)


def _options(select: Any) -> list[tuple[bool, str]]:
    """Whether each option is chosen, and its text. One walk, because broken markup nests options."""
    found: list[tuple[Any, list[str]]] = []
    for element in select.iter():
        if element.tag == "option":
            found.append((element, []))
        if found:
            found[-1][1].extend((element.text or "", element.tail or "" if element is not select else ""))
    return [(option.get("selected") is not None, " ".join("".join(pieces).split()) or option.get("label", "")) for option, pieces in found]
