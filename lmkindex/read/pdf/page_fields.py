"""What stands on a page beside its content: the fields of a form, texts typed onto it, and the comments of readers.

Takes a page of pdfium, gives lines with their places. The fields are lines of their own; a box that is ticked is "[x]".
A comment is set apart, so that it interrupts no sentence. Hidden ones and passwords are left out, and so is what the
page shows anyway. Knows no other lines.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .page_lines import APART, APART_NEXT, CONTROLS, FIELD, Line
from .page_view import PageView
from .pdfium_calls import on_a_page

MAX_ANNOTATIONS = 1000  # of a page
FIELD_SIZE = 10.0  # points: the type size of a field that does not tell
DESCENT = 0.28  # of the type size: a field's baseline is this far above its middle less half a letter
NOT_SEEN = 2 | 32  # flags: hidden, no view
PASSWORD = 1 << 13
UNTICKED, TICKED = "[ ]", "[x]"


@contextmanager
def open_form(pdf: Any) -> Iterator[Any]:
    """pdfium's form of a document, None if it has none. To be opened before the pages."""
    from pypdfium2 import raw

    if raw.FPDF_GetFormType(pdf) == raw.FORMTYPE_NONE:
        yield None
        return
    pdf.init_forms()
    yield pdf.formenv


def read_fields(page: Any, form: Any, view: PageView) -> list[Line]:
    """The fields, typed texts and comments of a page, in the order of the file."""
    from pypdfium2 import raw

    lines: list[Line] = []
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), MAX_ANNOTATIONS)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if annotation:
            try:
                lines += _lines_of(annotation, form, view)
            finally:
                raw.FPDFPage_CloseAnnot(annotation)
    return lines


def _lines_of(annotation: Any, form: Any, view: PageView) -> list[Line]:
    from pypdfium2 import raw

    kind = raw.FPDFAnnot_GetSubtype(annotation)
    if raw.FPDFAnnot_GetFlags(annotation) & NOT_SEEN:
        return []
    if kind == raw.FPDF_ANNOT_WIDGET:
        return _set_in_box(_field_value(annotation, form), annotation, view, FIELD)
    if kind == raw.FPDF_ANNOT_FREETEXT:
        return _set_in_box(_string(annotation, b"Contents"), annotation, view, APART)
    comments = (
        raw.FPDF_ANNOT_TEXT, raw.FPDF_ANNOT_HIGHLIGHT, raw.FPDF_ANNOT_UNDERLINE, raw.FPDF_ANNOT_SQUIGGLY, raw.FPDF_ANNOT_STRIKEOUT,
        raw.FPDF_ANNOT_CARET, raw.FPDF_ANNOT_STAMP, raw.FPDF_ANNOT_SQUARE, raw.FPDF_ANNOT_CIRCLE, raw.FPDF_ANNOT_INK,
        raw.FPDF_ANNOT_LINE, raw.FPDF_ANNOT_POLYGON, raw.FPDF_ANNOT_POLYLINE,
    )  # fmt: skip
    return _set_in_box(_string(annotation, b"Contents"), annotation, view, APART) if kind in comments else []


def _field_value(annotation: Any, form: Any) -> str:
    """What a field shows: its text, its choices, or a box with or without a tick."""
    from pypdfium2 import raw

    if form is None:
        return _string(annotation, b"V")
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
        return TICKED if raw.FPDFAnnot_IsChecked(form, annotation) else UNTICKED
    if kind == raw.FPDF_FORMFIELD_LISTBOX:
        chosen = [
            _called(lambda buffer, size, option=option: raw.FPDFAnnot_GetOptionLabel(form, annotation, option, buffer, size))
            for option in range(min(1000, raw.FPDFAnnot_GetOptionCount(form, annotation)))
            if raw.FPDFAnnot_IsOptionSelected(form, annotation, option)
        ]
        if chosen:
            return ", ".join(chosen)
    is_password = kind == raw.FPDF_FORMFIELD_TEXTFIELD and raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & PASSWORD
    if is_password or kind in (raw.FPDF_FORMFIELD_PUSHBUTTON, raw.FPDF_FORMFIELD_SIGNATURE):
        return ""
    return _called(lambda buffer, size: raw.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size)) or _string(annotation, b"V")


def _string(annotation: Any, key: bytes) -> str:
    from pypdfium2 import raw

    return _called(lambda buffer, size: raw.FPDFAnnot_GetStringValue(annotation, key, buffer, size))


def _called(function: Any) -> str:
    """The text that one of pdfium's functions of a buffer and its size writes, in UTF-16."""
    from pypdfium2 import raw

    num_bytes = function(None, 0)
    if num_bytes <= 2:
        return ""
    buffer = ctypes.create_string_buffer(num_bytes)
    function(ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), num_bytes)
    return buffer.raw[: num_bytes - 2].decode("utf-16-le", "replace")


def _set_in_box(text: str, annotation: Any, view: PageView, kind: str) -> list[Line]:
    """The lines of a text in the box of its annotation, from the top; one line stands in its middle."""
    from pypdfium2 import raw

    texts = [CONTROLS.sub("", line).strip() for line in text.splitlines()]
    rect = raw.FS_RECTF()
    if not any(texts) or not raw.FPDFAnnot_GetRect(annotation, rect):
        return []
    sides = on_a_page([rect.left, min(rect.bottom, rect.top), rect.right, max(rect.bottom, rect.top)])
    left, bottom, right, top = view.show((sides[0], sides[1], sides[2], sides[3]))
    size = min(FIELD_SIZE, max(1.0, (top - bottom) / max(1.2, len(texts))))
    pitch = (top - bottom) / len(texts)
    return [
        Line(
            line,
            left,
            max(left, right),
            top - (place + 0.5) * pitch - DESCENT * size,
            size,
            kind=APART_NEXT if kind == APART and place else kind,
        )
        for place, line in enumerate(texts)
        if line
    ]
