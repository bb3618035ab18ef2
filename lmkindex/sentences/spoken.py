"""Whether what stands in quotes is a sentence of its own, and not a name or a title."""

from __future__ import annotations

import re

INSIDE, CLOSE = r"[^\"“”«»„]", r"[\"“”»’'](?!\w)"
VERBS = r"(?:said|says|wrote|writes|asked|told|replied|added|answered|cried|explained)\b"
SAID = rf"\s+(?:(?:he|she|they|we|I|you|it)\b|{VERBS}|[A-Z][\w’'.-]+ {VERBS})"
SUBJECTS = "He|She|It|I|We|They|You|There|This|That|These|Those|What|Who|Why|How|Where|When|If|My|Your|His|Her|Our|Their"
# A stop closes it, or a comma, and its second word is no name, as it would be in a title, or it is said by somebody; or
# it begins with what is hardly ever the beginning of a name.
QUOTED_SENTENCE = re.compile(
    rf"[\"“«„‘'](?:[A-ZÀ-Þ][\w’']*,? [a-zß-ÿ]{INSIDE}{{2,600}}?[.!?,…—]{CLOSE}|[A-ZÀ-Þ]{INSIDE}{{0,600}}?[.!?,…—]{CLOSE}{SAID}"
    rf"|(?:{SUBJECTS}) [a-z]{INSIDE}{{0,600}}?{CLOSE}(?:[,.;!?]|{SAID}))"
)
