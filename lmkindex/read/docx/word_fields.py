"""Fields of a Word document: a begin, a code, perhaps a separator and a result, and an end, spread over runs and even
paragraphs. What they show is their result; some form fields show what stands in their begin.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from .word_markup import BOX_CONTENT, CHANGED_AWAY, FIELD_MARK, VAL, W, is_on, number_of

PAGE_FIELDS = frozenset(("PAGE", "NUMPAGES", "SECTIONPAGES"))
CONTAINERS = (BOX_CONTENT, f"{W}footnote", f"{W}endnote", f"{W}comment")  # no field goes over the end of one
CHECKED, UNCHECKED = "☒", "☐"


@dataclass(slots=True, kw_only=True)
class OpenField:
    """A field whose end is still to come. `is_muted` holds for its code, and for the result of a page number."""

    code: str = ""
    is_muted: bool = True


def counts_pages(code: str) -> bool:
    """Whether a field gives the number of a page or of all pages."""
    return next(iter(code.split()), "").upper() in PAGE_FIELDS


def form_value(begin: Any) -> str:
    """What a form field shows beside its result: the chosen entry of a list, a box that is ticked or not."""
    choices = begin.find(f"{W}ffData/{W}ddList")
    box = begin.find(f"{W}ffData/{W}checkBox")
    if choices is not None:
        entries = [entry.get(VAL, "") for entry in choices.findall(f"{W}listEntry")]
        chosen = number_of(choices, "result") or number_of(choices, "default") or 0
        return entries[chosen] if 0 <= chosen < len(entries) else ""
    if box is not None:
        state = box.find(f"{W}checked")
        return CHECKED if is_on(box.find(f"{W}default") if state is None else state) else UNCHECKED
    return ""


def closed_fields(root: Any) -> set[Any]:
    """The begins of fields that have an end in the final view and in the same text box or note. A begin without an end
    is damage: it would take the rest of the document for its code."""
    opened: defaultdict[Any, list[Any]] = defaultdict(list)
    closed = set()
    for mark in root.iter(FIELD_MARK):
        kind = mark.get(f"{W}fldCharType")
        if kind not in {"begin", "end"}:
            continue
        ancestors = list(mark.iterancestors(*CONTAINERS, *CHANGED_AWAY))
        if any(ancestor.tag in CHANGED_AWAY for ancestor in ancestors):
            continue
        stack = opened[ancestors[0] if ancestors else None]
        if kind == "begin":
            stack.append(mark)
        elif stack:
            closed.add(stack.pop())
    return closed
