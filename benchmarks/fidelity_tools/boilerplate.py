"""The words around the articles of `in_articles.py`, and the arrows back from pandoc's notes."""

NAVIGATION = (
    "Skip to content|Home|News|Harbour|Timetables|Contact|Log in|Search|Contents|On this page|Edit this page|Previous article|Next article"
)
BOXES = "Related articles|Ten walks along the mole|How the tide gauge works|The ferry that never was|Most read|Advertisement"
SHARING = "Share on Mastodon|Share by mail|Print this page|Subscribe to our newsletter|Your address|Subscribe|Follow us"
FOOT = "We use cookies to make this site better.|Accept all|Reject|© 2023 Saltmere Press|Imprint|Privacy|Terms of use|·|↩︎|↩"
BOILERPLATE = tuple("|".join((NAVIGATION, BOXES, SHARING, FOOT)).split("|"))
