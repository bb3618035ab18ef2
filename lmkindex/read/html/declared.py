"""The encoding that a page declares, as browsers find it. Knows labels, not codecs: `encoding.py` does."""

from __future__ import annotations

import re

# Browsers look at 1,024 bytes, and begin again if a declaration comes later in the head.
MAX_HEAD_BYTES = 1 << 16
XML_DECLARATION = re.compile(rb"""\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']\s*([\w.:-]+)""", re.IGNORECASE)
SKIPPED = re.compile(rb"<!--.*?(?:-->|\Z)|<(script|style|title|noscript|template)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
END_OF_HEAD = re.compile(rb"</head\b|<body\b", re.IGNORECASE)
META = re.compile(rb"""<meta[\s/]((?:[^>"']|"[^"]*"|'[^']*')*)""", re.IGNORECASE)
ATTRIBUTE = re.compile(rb"""([^\s=/>"']+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([^\s;"',]+)""", re.IGNORECASE)


def declared_encoding(data: bytes) -> str | None:
    """The label of the encoding that a page declares (`meta charset`, `http-equiv` or the XML declaration); None if it
    declares none."""
    label = _label_in(data[:MAX_HEAD_BYTES])
    name = label.strip().decode("ascii", "ignore") if label else ""
    # A declaration that can be read byte by byte is not in UTF-16, whatever it says (the HTML standard agrees).
    return ("utf-8" if name.lower().startswith(("utf-16", "utf-32", "unicode")) else name) or None


def _label_in(head: bytes) -> bytes | None:
    if found := XML_DECLARATION.match(head):
        return found[1]
    head = SKIPPED.sub(b"", head)
    end = END_OF_HEAD.search(head)
    for meta in META.finditer(head, 0, max(end.start(), 1024) if end else len(head)):
        values = {name.lower(): value.strip(b"\"' ") for name, value in reversed(ATTRIBUTE.findall(meta[1]))}
        if values.get(b"charset"):
            return values[b"charset"]
        is_type = values.get(b"http-equiv", b"").lower() == b"content-type"
        if is_type and (found := CHARSET.search(values.get(b"content", b""))):
            return found[1]
    return None
