"""Which parts of a page are furniture and not its text: menus, the page's header and footer, share bars, cookie
notices, search and newsletter forms.

Knows the figures of a survey, not the text. A part goes only if its element, or its name together with what it holds,
says so. Sentences stay wherever they stand, except those of the page's footer, of notices and of forms.
"""

from __future__ import annotations

from typing import Any

from .furniture_names import OF_ADVERTS, OF_CONSENT, OF_COOKIES, OF_FORMS, OF_LETTERS, OF_LINKS, OF_SCRAPS, OF_SHARING, OF_SKIPPING
from .page_part import PagePart
from .survey import Survey

MIN_KEPT_SHARE = 0.5  # of the visible characters
PLAIN_CHARS = 200  # outside of links: so many are something to read, such as a table, even without a sentence
MAX_SCRAP_CHARS = 300
MAX_NOTICE_CHARS = 2_000
MAX_FORM_CHARS = 600
MIN_MENU_LINKS = 3


def find_furniture(found: Survey) -> set[Any]:
    """The elements to leave out. Empty if under half of the visible text were kept: then the rules mistook text for
    furniture. Where something to read is left, links that go do not count: a menu can be longer than an article."""
    page = found.page
    furniture: set[Any] = set()
    num_dropped = num_dropped_links = num_dropped_prose = 0
    covered = (page.end + 1, page.end + 1)  # elements below the last one that was left out
    for part in reversed(found.candidates):  # outer ones first
        if covered[0] <= part.start and part.end <= covered[1]:
            continue
        if _is_furniture(part, found):
            covered = (part.start, part.end)
            furniture.add(part.element)
            num_dropped += part.num_chars
            num_dropped_links += part.num_link_chars
            num_dropped_prose += part.num_prose_chars
    num_visible = page.num_chars
    num_plain = page.num_chars - page.num_link_chars - (num_dropped - num_dropped_links)
    if page.num_prose_chars > num_dropped_prose or num_plain >= PLAIN_CHARS:
        num_visible -= num_dropped_links
    return furniture if page.num_chars - num_dropped >= MIN_KEPT_SHARE * num_visible else set()


def _is_furniture(part: PagePart, found: Survey) -> bool:
    tag = part.element.tag
    if part.is_in_heading:
        return _is_scrap(part)
    if tag == "td":
        return next(part.element.iterancestors("table"), None) in found.layout_tables and _is_menu(part, found)
    if tag == "nav" or part.role == "navigation":
        return part.num_prose_chars * 2 < part.num_chars and not part.has_notes
    if _is_of_page(part, "header", "banner"):
        return _is_page_header(part, found)
    if _is_of_page(part, "footer", "contentinfo"):
        return _is_page_footer(part, found)
    return _is_other_furniture(part, found)


def _is_other_furniture(part: PagePart, found: Survey) -> bool:
    if _is_notice(part, found) or _is_form(part) or _is_scrap(part):
        return True
    is_title = part.num_h1 > 0 and part.num_h1 == found.page.num_h1
    return not is_title and (_is_named(part) or _is_menu(part, found))


def _is_of_page(part: PagePart, tag: str, role: str) -> bool:
    """Whether a header or footer is that of the page: it says so, or it stands outside of all sections, or outside of
    the article with menus in it."""
    if part.role:
        return part.role == role
    return part.element.tag == tag and not part.is_in_content and (not part.is_in_section or part.num_navs > 0)


def _is_page_header(part: PagePart, found: Survey) -> bool:
    """A header with the only main heading, or with one and no menus, holds the article's title. Menus in it are left
    out by themselves."""
    if part.num_h1 and (part.num_h1 == found.page.num_h1 or not (part.num_navs or part.num_controls or part.is_dense)):
        return False
    return part.num_navs + part.num_links + part.num_controls > 0 or part.num_prose_chars * 2 < part.num_chars


def _is_page_footer(part: PagePart, found: Survey) -> bool:
    """A footer outside of the article. On a page that marks no article, sentences without links may be its end."""
    if part.has_notes:
        return False
    if part.is_in_section:
        return part.num_navs > 0
    return found.has_content or part.has_copyright or part.num_links > 1 or part.num_prose_chars * 2 < part.num_chars


def _is_notice(part: PagePart, found: Survey) -> bool:
    """A notice on cookies, or an advertisement."""
    if part.names & OF_ADVERTS and part.num_chars <= MAX_SCRAP_CHARS:
        return part.num_links > 0 or not part.num_prose_chars
    if not part.has_cookie_word or part.is_in_content or part.num_chars > MAX_NOTICE_CHARS:
        return False
    if part.names & OF_CONSENT or part.role in ("dialog", "alertdialog"):
        return part.num_links + part.num_controls > 0
    if part.names & OF_COOKIES and part.num_controls:
        return True
    is_small = part.num_chars <= MAX_SCRAP_CHARS and part.block is None
    return found.has_content and is_small and (part.num_controls > 0 or not (part.num_prose_chars or part.num_links))


def _is_form(part: PagePart) -> bool:
    """A search or log-in form beside the article, or a newsletter form."""
    if not part.num_controls or part.num_chars > MAX_FORM_CHARS:
        return False
    if part.names & OF_LETTERS or part.role == "search":
        return True
    return not (part.is_in_content or part.num_prose_chars) and (bool(part.names & OF_FORMS) or part.element.tag == "search")


def _is_scrap(part: PagePart) -> bool:
    """A small thing beside the text with a name of its own: a link to edit a section, or to skip the menu."""
    if part.names & OF_SKIPPING:
        return part.num_links == part.num_local_links == 1 and part.num_link_chars == part.num_chars
    return bool(part.names & OF_SCRAPS) and part.num_chars <= MAX_SCRAP_CHARS and not part.num_prose_chars


def _is_named(part: PagePart) -> bool:
    """A list of links with a telling name, or a footer with the rights to the page."""
    is_named = part.names & OF_LINKS or part.role in ("menu", "menubar") or part.element.tag in ("header", "footer")
    if part.block is not None or not is_named:
        return False
    if part.has_copyright and "footer" in part.names and not part.is_in_section and part.num_chars <= MAX_SCRAP_CHARS:
        return not part.has_notes
    if not part.is_dense:
        return False
    num_chars = part.num_chars - part.num_heading_chars
    return not part.is_in_content or bool(part.names & OF_SHARING) or part.num_link_chars * 5 >= num_chars * 4


def _is_menu(part: PagePart, found: Survey) -> bool:
    """A list of links without a telling name, outside of the article or before all text."""
    if part.block is not None or not part.is_dense or part.num_prose_chars or part.is_in_content:
        return False
    if found.has_content:
        return part.num_links > 1
    is_plain = not part.num_local_links and not part.num_heading_chars
    return part.is_first and is_plain and part.num_links >= MIN_MENU_LINKS
