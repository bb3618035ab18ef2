"""Abbreviations by language: data that `stops.py` reads. Written without their last full stop, in small letters.

Three lists a language. After a word of `titles` no sentence ends before a capital ("Dr. Smith"). After one of
`numbered` none ends before a number ("approx. 3"). After one of any list none ends before a small letter ("etc. and").
sentencex has lists of its own: these hold what it lacks.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Abbreviations:
    """The lists of one language; `every` is all three."""

    titles: frozenset[str]
    numbered: frozenset[str]
    every: frozenset[str]


def words_between(text: str) -> frozenset[str]:
    """The words between blanks."""
    return frozenset(text.split())


def lists_of(titles: str, numbered: str, others: str) -> Abbreviations:
    before_names, before_numbers = words_between(titles), words_between(numbered)
    return Abbreviations(titles=before_names, numbered=before_numbers, every=before_names | before_numbers | words_between(others))


# What scholars and clerks write in every language, much of it Latin. Words that are also plain words of some language
# ("art", "no", "sec") stand with the language in which they are worth the risk.
COMMON = lists_of(
    "dr prof cf i.e e.g viz vs",
    "approx ca circa cf fig figs vol vols pp p nr nos tab eq eqs eqn eqns chap cap max tel fol ff vgl bzw par §",
    "etc al ibid op cit loc et seq ed eds incl excl resp a.m p.m a.c d.c b.c a.d ca approx cf i.e e.g viz vs",
)

LISTS = {
    "en": lists_of(
        "ft mt mr mrs ms messrs mx rev revd hon capt cmdr lt col gen maj sgt cpl pvt adm brig supt insp sr fr pres gov sen "
        "rep amb "
        "fed civ crim evid proc cir cong univ esp nb viz",
        "no nos ed edn min max approx isa matt cor gen exod rom vol vols "
        "ch chs sec secs sect sects subsec para paras art arts fig figs pl plt pls pt pts bk bks app ex "
        "exx def thm lem prop "
        "cor alg eq eqs eqn tab ver rev ext tel est circ ca c cf p pp n nn l ll v vv fn fol fols ser iss nr num cl rm "
        "apt ste bldg fl "
        "jan feb apr jun jul aug sept sep oct nov dec mon tue tues wed thu thur thurs fri incl excl resp avg "
        "blk ref reg sched col cols ln sq cu r.s u.s.c c.f.r a.d stat op suppl sup vers rd "
        "crim civ fed evid proc app cir",
        "cent bros corp inc ltd co jr esq dept est ext misc govt gov assoc assn mfg mfr intl natl max min avg std approx "
        "in ft yd yds mi lb lbs oz gal gals qt pt hr hrs mins secs wk wks yr yrs mo mos sq cu mph rpm hp deg diam "
        "trans transl illus introd repr rpt rev abr anon bib bibl cont contd cp ill orig pseud q.v s.v sc scil usu "
        "syn var spec spp sp subsp fam gen cv c/o attn b d fl r m f adj adv n prep pron vb pl sing pers obs arch dial "
        "poss prob "
        "st ave blvd rd hwy mt ft nw ne sw u.s u.k u.n e.u ph.d m.d b.a m.a b.sc m.sc a.k.a w.r.t s.t i.i.d p.a per",
    ),
    "de": lists_of(
        "hr fr frau hrn herr fa dres dipl ing mag st sankt z.b z d.h d u.a bzw vgl s o.ä v.a i.d.r sog insb insbes usw. "
        "gen gez hrsg hg "
        "med jur phil rer nat habil theol vet oec abs nr art kap bd abb tab ziff",
        "nr nrn ca zirka etwa abb tab bd bde kap s bl z art abs ziff ziffer lit satz tel max min mind höchst rd "
        "durchschn aufl jg jgg h heft "
        "anm fn rn rz ff f vgl inkl exkl zzgl bzgl std ges gem geb gest verst kl no vol fig pos postf str gegr §",
        "usw bzw ca evtl ggf inkl exkl zzgl bzgl sog bspw vgl etc allg bes betr dgl dt engl frz ehem eigtl entspr ff "
        "gegr geb gest jh jhd "
        "mio mrd tsd max min mind od österr schweiz prof rel s.o s.u u.a u.ä u.u v.a v.chr n.chr z.b z.t z.zt z.hd "
        "a.d a.m d.h d.i i.a i.d.r "
        "i.allg m.e o.ä o.g s.a std str tgl u usf verh verw vorm wiss zit zw zus zzt chr jan feb mär apr jun jul aug "
        "sept okt "
        "nov dez mo di mi",
    ),
    "fr": lists_of(
        "m mm mme mmes mlle mlles me mgr dr prof st ste p.ex cf av apr boul bd fbg",
        "p pp art n no nos fig chap vol t tab env éd ann al alin liv coll réf tél cf sect par pl max min ca f ff fasc "
        "cap janv "
        "févr avr juil sept oct nov déc",
        "etc env av apr j.-c c.-à-d p.ex éd ex excl incl cf ibid hab m mm min max ms n.b s.d st suiv sq tél trad vol "
        "zool adj "
        "adv fig qq qqch",
    ),
    "es": lists_of(
        "sr sra srta sres sras d dª dña dr dra dres prof profa lic ing arq st sto sta ud uds vd vds av avda c p.ej gral gob cía",
        "pág págs p pp art arts núm núms n fig figs cap caps vol vols t tab aprox tel tfno tlf apdo ed párr inc sec "
        "nº máx mín "
        "ca c cf v av ene feb mar abr jun jul ago sept oct nov dic",
        "etc aprox p.ej ej ud uds vd a.c d.c ee.uu cía ed edit fig máx mín pág prov s.a s.l ss tel trad vol admón",
    ),
    "it": lists_of(
        "sig sigg sigra dott dr ssa prof proff avv ing arch geom rag on mons p.es es ecc.mo egr gent spett s v",
        "pag pagg p pp art artt n nn fig figg cap capp vol voll ca c tab tav ed tel par lett sez max min circa gen "
        "feb mar apr "
        "mag giu lug ago sett ott nov dic",
        "ecc es cfr ca a.c d.c ed fig max min pag s.p.a tel trad v vd vol n.b sgg",
    ),
    "pt": lists_of(
        "sr sra srs sras srta d dr dra drs prof profa eng arq av r p.ex st sto sta",
        "pág págs pag p pp art arts n núm fig figs cap vol t tab aprox tel ed séc sec inc máx mín ca c cf jan fev mar "
        "abr mai "
        "jun jul ago set out nov dez",
        "etc aprox ex p.ex a.c d.c ed fig máx mín pág tel trad vol cia ltda obs ref",
    ),
    "nl": lists_of(
        "dhr mevr mej mw drs ir ing mr dr prof ds st bijv bv d.w.z o.a m.a.w vgl",
        "blz p pp art nr nrs fig afb hfst h dl bd tab ca ong max min tel par vol jg lid e.v jan feb mrt apr jun jul aug sept okt nov dec",
        "enz bijv bv ca ong d.w.z o.a m.b.t n.a.v t.a.v i.p.v z.s.m a.u.b incl excl evt resp nl max min e.d jl ll m.n "
        "o.m v.chr "
        "n.chr vgl zgn dgl",
    ),
    "sv": lists_of(
        "hr fr dr prof st t.ex bl.a dvs d.v.s s.k jfr",
        "s sid fig kap nr bd tab ca max min tel vol uppl avd art st kl c jan feb mar apr jun jul aug sept okt nov dec",
        "osv t.ex bl.a d.v.s dvs m.m m.fl etc e.d f.d f.n f.ö fr.o.m t.o.m s.k resp inkl exkl ev jfr kl mfl mm obs tex",
    ),
    "da": lists_of(
        "hr fr dr prof st f.eks bl.a dvs jf",
        "s side fig kap nr bd tab ca max min tlf vol udg afs art stk kl jan feb mar apr jun jul aug sept okt nov dec",
        "osv f.eks bl.a dvs m.m m.fl etc mv o.l f.kr e.kr inkl ekskl evt hhv iflg ift jf pga pr ang mht vedr",
    ),
    "no": lists_of(
        "hr fr dr prof st f.eks bl.a dvs jf",
        "s side fig kap nr bd tab ca maks min tlf vol utg avs art kl jan feb mar apr jun jul aug sept okt nov des",
        "osv f.eks bl.a dvs m.m m.fl etc mv o.l f.kr e.kr inkl ekskl evt hhv iflg ift jf pga pr ang mht vedr",
    ),
    "fi": lists_of(
        "hra rva nti dr prof tri ts esim mm",
        "s ss kuv luku nr n no tab noin min maks puh klo art vrt",
        "jne esim ym yms mm ts eli eaa jaa ks ko nk ns os vrt tms po so n s",
    ),
    "pl": lists_of(
        "dr prof mgr inż ks św pan p ul al pl os np tzn tj m.in im gen płk kpt por hab zob red",
        "s str nr rys tab art ust pkt poz par rozdz t tom ok ca max min tel ur zm zob por wyd lit § godz r w ul",
        "itd itp np tzn tj tzw m.in ok im ur zm r w wg ws ww zł gr tys mln mld godz min max św prof nt nr pt n.e p.n.e",
    ),
    "cs": lists_of(
        "dr prof ing mgr bc doc judr mudr sv např tj tzv resp ul nám",
        "s str č čl obr tab kap sv odst písm ca cca max min tel roč vyd r srov viz hod",
        "atd apod např tj tzv tzn resp aj mj r st stol n.l př.n.l kč mil mld tis cca popř příp ul nám",
    ),
    "ru": lists_of(
        "г гг ул им пр просп пл пер д кв акад проф доц др гр гос тов св т.е т напр см ср инж ген",
        "рис стр с табл гл ст п пп разд т ч вып изд ок прибл макс мин тел см ср №  кв д корп им илл прил примеч ред пункт подп абз оф",
        "т.е т.д т.п т.к т.н др пр г гг в вв тыс млн млрд руб коп напр см ср ок макс мин им н.э до.н.э км м кг ч мин сек чел экз ред изд",
    ),
    "uk": lists_of(
        "м вул просп пл ім акад проф доц св т напр див ред",
        "рис стор с табл гл ст п пп розд т ч вип вид ок максмін тел див пор",
        "т.д т.п т.зв напр див пор та ін р рр ст тис млн млрд грн коп ім км м кг",
    ),
    "tr": lists_of(
        "dr prof doç av sn hz müh örn bkz cad sok mah",
        "s sf no şek bkz tab böl cilt c madde m yakl maks tel",
        "vb vs örn bkz yy m.ö m.s yakl çev haz",
    ),
    "hu": lists_of(
        "dr prof özv ifj id pl ún st ill",
        "o old sz ábra tábl fej kb max min tel ker u bek vö",
        "stb pl kb ill ún ui vö szerk ford sz évf i.e i.sz",
    ),
    "ro": lists_of(
        "dl dna dr prof ing av sf str bd ex",
        "pag p art nr fig cap vol tab cca aprox tel alin max min sec",
        "etc ex cca aprox î.hr d.hr ș.a.m.d ș.a ed",
    ),
    "el": lists_of("κ κα κος δρ καθ π.χ πρβλ", "σ σελ αρ εικ πίν κεφ τόμ παρ άρθ περ βλ τηλ", "κ.λπ κ.ά π.χ δηλ βλ πρβλ μ.χ π.χ αι κτλ"),
}
LISTS |= {
    "nb": LISTS["no"],
    "nn": LISTS["no"],
    "sk": LISTS["cs"],
    "ca": LISTS["es"],
    "gl": LISTS["pt"],
    "be": LISTS["ru"],
    "bg": LISTS["ru"],
}

# Abbreviations that are plain English words as well: in small letters they count before a number only after a word that
# cites.
PLAIN_WORDS = words_between("no sect sects art app prop col fig figs ex mar mon wed dec jan sec secs ref reg def cor st cl pl pt ver fed")
SAYING = words_between(
    "said say says saying answered replied answer is was and or with voted vote mean means meant a simply"
)  # "He said no."
# A number directly behind the stop of one of these is no note's: "Fig.3".
NUMBERED_WORDS = words_between(
    "appendix article chapter clause equation example exercise exhibit figure item lemma line note number page part question rule "
    "section step table theorem version volume"
)
MONTHS = words_between("jan feb mar apr jun jul aug sept sep oct nov dec")
CITING = words_between(
    "see in under and or to by per cf also from with at e.g i.e call tel approx is are needs about about only least most"
)

# German writes ordinals with a stop before a noun, which has a capital: after these words a number is one ("am 3.
# Mai"),
# unless the next word opens a sentence.
BEFORE_ORDINAL = words_between(
    "am im der die das des dem den vom zum zur beim ab bis seit und jeder jede jedes jeden ihr ihre ihrem ihren sein seine seinem seinen "
    "mein meinem meinen unser unserem unseren ein eine einem einen dieser diesem diesen kein keinem"
)
SENTENCE_OPENERS = words_between(
    "er sie es wir ich du ihr man der die das dann danach dort hier da dies diese dieser dieses ein eine im in am an auf aus bei mit nach "
    "und aber doch auch so nun heute später wenn als weil während obwohl nachdem bevor"
)
ORDINAL_NOUNS = words_between(
    "januar jänner februar märz april mai juni juli august september oktober november dezember jahrhundert jahrhunderts jahrhunderte jh "
    "jahrtausend auflage klasse stock etage geburtstag weltkrieg kapitel tag woche monat jahr mal platz rang bezirk bataillon armee"
)
