"""Words that page authors use in the names of furniture: menus, share bars, cookie notices.

A name alone is never enough: "footer-note" may be a note of the article, "menu" that of a restaurant. `furniture.py`
says what else must hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

# Lists of links around an article: furniture where most of the words are links.
OF_LINKS = frozenset((
    "announcement", "banner", "bottombar", "breadcrumb", "breadcrumbs", "categories", "catlinks", "crumbs", "dropdown", "footer",
    "header", "masthead", "megamenu", "menu", "menubar", "nav", "navbar", "navbox", "navigation", "navlinks", "pager", "pagination",
    "paging", "popular", "postnav", "recent", "recommended", "related", "relations", "relbar", "share", "sharing", "sidebar", "sidenav",
    "social", "submenu", "subnav", "table-of-contents", "tagcloud", "taglinks", "taglist", "tags", "toc", "toolbar", "toolbox",
    "topbar", "topnav", "trending", "widget", "widgets",
))  # fmt: skip
# Too short and too particular to be part of a text.
OF_SCRAPS = frozenset((
    "back-to-top", "backtotop", "breadcrumb", "breadcrumbs", "comment-edit-link", "copy-button", "copybtn", "edit-link", "editsection",
    "headerlink", "md-top", "mw-cite-backlink", "mw-editsection", "mw-jump-link", "post-edit-link", "scroll-to-top", "share-bar",
    "share-buttons", "sharebar", "sharedaddy", "sharing-buttons", "social-share",
))  # fmt: skip
OF_SKIPPING = frozenset(("skip", "skiplink", "skipnav"))
OF_SHARING = frozenset(("share", "sharing", "social"))
OF_COOKIES = frozenset(("cookie", "cookies"))  # or what one bakes
OF_CONSENT = frozenset((
    "cc", "cmp", "consent", "cookie-banner", "cookie-bar", "cookie-disclaimer", "cookie-info", "cookie-law-info-bar", "cookie-message",
    "cookie-notice", "cookie-notification", "cookie-popup", "cookie-warning", "cookiebanner", "cookiebar", "cookiebot", "gdpr", "onetrust",
))  # fmt: skip
OF_FORMS = frozenset(("login", "search", "searchform", "signin", "signup"))
OF_LETTERS = frozenset(("mailchimp", "newsletter", "subscribe", "subscription"))
OF_ADVERTS = frozenset(("ad", "ad-banner", "ad-container", "ad-slot", "ads", "adsbygoogle", "advert", "advertisement", "sponsored"))
OF_NOTES = frozenset(("endnote", "endnotes", "footnote", "footnotes", "doc-endnotes", "doc-footnote"))
KNOWN = OF_LINKS | OF_SCRAPS | OF_SKIPPING | OF_COOKIES | OF_CONSENT | OF_FORMS | OF_LETTERS | OF_ADVERTS | OF_NOTES
WITH_IDS_OF_HEADINGS = frozenset(("a", "article", "h1", "h2", "h3", "h4", "h5", "h6", "section", "span"))
OF_ARTICLE = re.compile("(?:article|card|chapter|comment|entry|node|post|section)-(?:footer|header)")
MAX_NAME_CHARS = 500


def names_of(tag: str, attributes: Mapping[str, str], *, is_in_content: bool) -> frozenset[str]:
    """The known words in the class, label and id of an element: "postNav site-footer" holds nav and footer. A hyphened
    name counts as a whole, too. Sections of an article have ids made of their headings, so those say nothing."""
    given = f"{attributes.get('class', '')} {attributes.get('aria-label', '')}"
    if not is_in_content and "id" in attributes and tag not in WITH_IDS_OF_HEADINGS and "section" not in given:
        given += " " + attributes["id"]
    return _known_words(given[:MAX_NAME_CHARS])


@lru_cache(maxsize=10_000)
def _known_words(given: str) -> frozenset[str]:
    names = re.sub("([a-z])([A-Z])", r"\1-\2", given).lower().replace("_", "-").split()
    names = [name for name in names if not OF_ARTICLE.match(name)]
    # "ad" is a word in "ad-1911", too: it counts only as a whole name.
    words = {word for name in names for word in re.split("[^a-z]+", name)} - OF_ADVERTS
    return KNOWN.intersection(words.union(names))
