"""Closed lists of English words for the rules of `rules.py`. On their own they decide nothing."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def forms(bases: str) -> frozenset[str]:
    """Regular finite forms of verbs: base, -s, -ed."""
    found: set[str] = set()
    for base in bases.split():
        stem = base[:-1] if base.endswith("y") and base[-2] not in "aeiou" else None
        ends = ("s", "es") if base.endswith(("s", "x", "z", "ch", "sh", "o")) else ("s",)
        found |= {base, *(f"{stem}i" + "es" if stem else base + end for end in ends)}
        found.add(f"{stem}ied" if stem else base + ("d" if base.endswith("e") else "ed"))
    return frozenset(found)


SUBJECT_PRONOUNS = words("he she it they")
OTHER_PRONOUNS = words("him her hers his himself herself its itself them their theirs themselves")
PERSONAL_OF_PEOPLE = words("he she him her hers his himself herself")
DEMONSTRATIVES = words("this that these those")
DETERMINERS = words(
    """
    the a an this that these those every each some any no another both all several many most few my your our his her its their
    """
)
INDEFINITE_PEOPLE = words(
    """
    someone somebody everyone everybody anyone anybody nobody people children women men students users scientists researchers many
    some most others
    """
)
ARTICLES = words("the a an every each some any no another my your our both several many all")

CONNECTIVES = words(
    """
    however therefore thus hence moreover furthermore nevertheless nonetheless consequently additionally accordingly meanwhile
    similarly likewise conversely alternatively afterwards afterward but and or nor so yet then also
    """
)
CONNECTIVES_BEFORE_COMMA = words(
    """
    finally instead rather besides otherwise later subsequently soon still indeed again next first firstly second secondly third
    thirdly lastly eventually thereafter overall specifically equally
    """
)
CONNECTIVE_PHRASES = (
    "for example", "for instance", "in addition", "as a result", "in contrast", "by contrast", "on the other hand", "on the contrary",
    "in other words", "in particular", "at the same time", "after that", "before that", "in turn", "as such", "even so",
    "as a consequence", "that is", "in fact", "at first", "at last", "later on", "by then", "until then", "since then", "in that case",
)  # fmt: skip

PREPOSITIONS = words(
    """
    in on at by from of to with without within during after before since until through over under among between against about into
    despite following upon throughout across around near for like unlike according as besides beyond
    """
)
SUBORDINATORS = words(
    """
    when while although though if because once whereas unless as after before since until whenever wherever
    """
)
RESTRICTING = words("of who that which whose whom where when for to in with between from at on used known called")
ORDINALS = words(
    """
    first second third fourth last next only largest smallest oldest highest lowest main best biggest most least same other
    following
    """
)
UNIQUE = words("sun moon earth world universe sky internet sea ocean public human body brain heart blood lord term word phrase name")
SELF_REFERENCE = words(
    """
    page paper article section chapter document guide book year month week morning evening afternoon day century decade
    """
)
DISCOURSE_NOUNS = words(
    """
    company film movie book song album team season series show meeting game novel band group committee project study author
    article episode event process act law bill program programme school show study treaty agreement battle war ship building drug
    device king queen prince princess girl boy man woman old young giant wolf fox
    """
)
MONTHS = words(
    """
    january february march april may june july august september october november december monday tuesday wednesday thursday friday
    saturday sunday
    """
)

AUXILIARIES = words(
    """
    am is are was were be been being has have had do does did can could may might must shall should will would ain't isn't aren't
    wasn't weren't hasn't haven't hadn't don't doesn't didn't can't cannot couldn't won't wouldn't shouldn't mustn't it's that's
    there's he's she's what's i'm we're they're you're i've we've they've you've i'll we'll it'll he'll she'll you'll they'll i'd
    we'd he'd she'd they'd you'd let's who's here's
    """
)
IRREGULAR = words(
    """
    became began begun bent bit blew bore bought bound broke brought built burst came caught chose clung crept cut dealt drank
    drew drove dug ate eat eats fed feel feels fell felt fled flew fought found froze gave get gets give gives go goes got grew
    hear heard held hid hit hung hurt keep keeps kept knew know knows laid lay lays lead leads leave leaves led left lent let lie
    lies lit lose loses lost made make makes mean means meant met paid pay pays put ran rang read reads rise rises rode rose run
    runs said sang sank sat saw say says see sees sell sells send sends sent set sets shone shook shot shut sing sit sits sleep
    slept slid sold sought speak speaks spent split spoke spread sprang stand stands stole stood stuck struck swam swept swore
    take takes taught tell tells think thinks thought threw told took tore understand understood wake wear wears went wept win
    wins withdrew woke won wore write writes wrote bring brings buy catch choose cost costs draw draws drink drive drives fall
    falls feed fight find finds fly grow grows hold holds meet meets ride shows shake spend spends steal teach teaches throw come
    comes become becomes begin begins thank please sorry guess bet
    """
)
REGULAR = forms(
    """
    accept accompany achieve act add affect agree aim allow announce appear apply argue arrive ask attack attend award base
    believe belong calculate call carry cause change claim collect combine command commence compare compete complete comprise
    consider consist contain continue contribute control convert cover create cross cry decide declare decrease define deliver
    demand depend derive describe design destroy determine develop die differ direct discover discuss display divide dominate earn
    employ enable encourage end ensure enter establish estimate exceed exist expand expect experience explain express extend face
    fail feature fill finish flow focus follow force form found function gain generate govern happen help house identify
    illustrate impose improve include increase indicate influence inform intend introduce invent invest involve join keep kill
    lack last launch learn like limit link list live locate look lower love maintain manage mark marry matter measure mention
    merge move name need note observe obtain occupy occur offer open operate oppose ordain order organize originate own pass
    perform permit place plan play possess practice prefer prepare present prevent produce promise propose protect prove provide
    publish pull push raise range reach receive recognize record reduce refer reflect refuse regard relate release rely remain
    remember remove replace report represent require resemble resign resist result retain return reveal rule satisfy save seek
    seem seize separate serve settle share shift show sign signal smell sound span specify spell start state stay stop store study
    suffer suggest supply support suppose surround survive talk tend test touch trade train travel treat try turn use vary view
    visit vote wait walk want warn wash watch wish wonder work worry yield
    """
)
FINITE = AUXILIARIES | IRREGULAR | REGULAR

FUNCTION_WORDS = (
    SUBJECT_PRONOUNS | OTHER_PRONOUNS | DEMONSTRATIVES | DETERMINERS | ARTICLES | CONNECTIVES | CONNECTIVES_BEFORE_COMMA | PREPOSITIONS
    | SUBORDINATORS | AUXILIARIES
    | words(
    """
    i you we me us not there here who what where when why how which whose if to of well oh yes yeah no okay ok um uh hmm right
    please one two three four five six seven eight nine ten today now once while because than more less very just even only
    """
)
)  # fmt: skip
