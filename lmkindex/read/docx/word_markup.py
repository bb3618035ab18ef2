"""The names of the markup in a Word document, and the few questions that every module asks of an element.

Strict OOXML has other namespaces for the same elements: `to_transitional` renames them once, so nothing else knows.
"""

from __future__ import annotations

from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DGM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
VML = "{urn:schemas-microsoft-com:vml}"
STRICT = "{http://purl.oclc.org/ooxml/"
TRANSITIONAL = {  # of each namespace in strict OOXML
    f"{STRICT}wordprocessingml/main}}": W,
    f"{STRICT}officeDocument/math}}": M,
    f"{STRICT}officeDocument/relationships}}": R,
    f"{STRICT}drawingml/main}}": A,
    f"{STRICT}drawingml/chart}}": C,
    f"{STRICT}drawingml/diagram}}": DGM,
}

VAL = f"{W}val"
TYPE = f"{W}type"
ID = f"{W}id"
PARAGRAPH = f"{W}p"
TABLE = f"{W}tbl"
TABLE_ROW = f"{W}tr"
TABLE_CELL = f"{W}tc"
RUN = f"{W}r"
TEXT = f"{W}t"
SYMBOL = f"{W}sym"
FIELD_MARK = f"{W}fldChar"
BOX_CONTENT = f"{W}txbxContent"
EQUATION = f"{M}oMath"
EQUATIONS = f"{M}oMathPara"
MATH_TEXT = f"{M}t"
ALTERNATIVES = f"{MC}AlternateContent"
DRAWN_PARAGRAPH = f"{A}p"
DRAWN_TEXT = f"{A}t"
TEXT_PATH = f"{VML}textpath"  # WordArt and watermarks: the words are an attribute
CHART = f"{C}chart"
DIAGRAM = f"{DGM}relIds"
NEW_CHART = "{http://schemas.microsoft.com/office/drawing/2014/chartex}chart"  # its fallback says only that it cannot be shown
CHANGED_AWAY = frozenset((f"{W}del", f"{W}moveFrom"))  # what is gone when all tracked changes are accepted
# Elements without text of the document: properties, and what the final view does not show.
SILENT = CHANGED_AWAY | {
    f"{W}{name}"
    for name in (
        "pPr", "rPr", "sectPr", "tblPr", "tblGrid", "tblPrEx", "trPr", "tcPr", "sdtPr", "sdtEndPr", "smartTagPr", "customXmlPr",
        "rubyPr", "rt", "instrText", "delText", "delInstrText",
    )
}  # fmt: skip
SPEAKING = (TEXT, SYMBOL, MATH_TEXT, DRAWN_TEXT, TEXT_PATH, CHART, DIAGRAM, NEW_CHART)  # elements that give characters


def is_on(element: Any) -> bool:
    """Whether an on/off property is there and on."""
    return element is not None and element.get(VAL) not in {"0", "false", "off"}


def child_of(parent: Any, tag: str) -> Any | None:
    """The first child with this tag: what `find` gives, at a third of its time."""
    return next(parent.iterchildren(tag), None)


def value_of(parent: Any, name: str) -> str:
    """`w:val` of the child `w:name`; "" if there is none."""
    child = child_of(parent, W + name)
    return "" if child is None else child.get(VAL) or ""


def number_of(parent: Any, name: str) -> int | None:
    """`w:val` of the child `w:name` as a number; None if there is none."""
    return to_int(value_of(parent, name))


def to_int(text: str | None) -> int | None:
    try:
        return int(text or "")
    except ValueError:
        return None


def branch_of(alternatives: Any) -> Any:
    """The branch of an `mc:AlternateContent` that is read: the first choice, or the fallback if only that has text."""
    branches = [branch for branch in alternatives if branch.tag in {f"{MC}Choice", f"{MC}Fallback"}]
    return next((branch for branch in branches if next(branch.iter(*SPEAKING), None) is not None), branches[0] if branches else ())


def to_transitional(root: Any) -> None:
    """Give the elements and attributes of strict OOXML the usual names, in place."""
    for element in root.iter("*"):
        if element.tag.startswith(STRICT):
            element.tag = _renamed(element.tag)
        for name, value in element.attrib.items():
            if name.startswith(STRICT):
                del element.attrib[name]
                element.set(_renamed(name), value)


def _renamed(name: str) -> str:
    namespace, brace, local = name.partition("}")
    return TRANSITIONAL.get(namespace + brace, namespace + brace) + local
