"""Language codes: `deu`, `ger`, `deu_Latn`, `de-DE` and `DE` all stand for `de`.

The project's codes are ISO 639-1's where there is one, as XTREME's are. Others call the same
languages by ISO 639-3 (Tatoeba), 639-2/B (older catalogues), with a script (FLORES-200, BCP 47)
or with a region (locales).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from adapterxlt.suggest import closest, few, suggest

# ISO 639-1 and what else means it: 639-3, 639-2/B, the single language that corpora take of a
# macrolanguage (`pes` of `fas`), and codes that have been withdrawn (`iw`).
_CODES = """
aa aar|ab abk|ae ave|af afr|ak aka twi|am amh|an arg|ar ara arb|as asm|av ava|ay aym ayr
az aze azj|ba bak|be bel|bg bul|bi bis|bm bam|bn ben|bo bod tib|br bre|bs bos|ca cat|ce che
ch cha|co cos|cr cre|cs ces cze|cu chu|cv chv|cy cym wel|da dan|de deu ger|dv div|dz dzo|ee ewe
el ell gre|en eng|eo epo|es spa|et est ekk|eu eus baq|fa fas per pes|ff ful fuv|fi fin|fj fij
fo fao|fr fra fre|fy fry|ga gle|gd gla|gl glg|gn grn gug|gu guj|gv glv|ha hau|he heb iw|hi hin
ho hmo|hr hrv scr|ht hat|hu hun|hy hye arm|hz her|ia ina|id ind in|ie ile|ig ibo|ii iii|ik ipk
io ido|is isl ice|it ita|iu iku|ja jpn|jv jav jw|ka kat geo|kg kon|ki kik|kj kua|kk kaz|kl kal
km khm|kn kan|ko kor|kr kau knc|ks kas|ku kur kmr|kv kom|kw cor|ky kir|la lat|lb ltz|lg lug
li lim|ln lin|lo lao|lt lit|lu lub|lv lav lvs|mg mlg plt|mh mah|mi mri mao|mk mkd mac|ml mal
mn mon khk|mr mar|ms msa may zsm|mt mlt|my mya bur|na nau|nb nob|nd nde|ne nep npi|ng ndo
nl nld dut|nn nno|no nor|nr nbl|nv nav|ny nya|oc oci|oj oji|om orm gaz|or ori ory|os oss
pa pan|pi pli|pl pol|ps pus pbt|pt por|qu que quy|rm roh|rn run|ro ron rum mo mol|ru rus|rw kin
sa san|sc srd|sd snd|se sme|sg sag|si sin|sk slk slo|sl slv|sm smo|sn sna|so som|sq sqi alb als
sr srp scc|ss ssw|st sot|su sun|sv swe|sw swa swh|ta tam|te tel|tg tgk|th tha|ti tir|tk tuk
tl tgl fil|tn tsn|to ton|tr tur|ts tso|tt tat|ty tah|ug uig|uk ukr|ur urd|uz uzb uzn|ve ven
vi vie|vo vol|wa wln|wo wol|xh xho|yi yid ydd ji|yo yor|za zha|zh zho chi cmn|zu zul
"""
_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:[-_](?P<script>[a-z]{4}))?(?:[-_](?:[a-z]{2}|[0-9]{3}))?",
    re.IGNORECASE,
)

_PLAIN = re.compile(r"[a-z]{2,3}([-_][A-Z][a-z]{3})?")


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    """The project's code by every code of the language."""
    groups = (group.split() for line in _CODES.split("\n") for group in line.split("|"))
    return {code: group[0] for group in groups for code in group}


def parse_tag(written: str) -> tuple[str, str] | None:
    """The project's code of a language, and the script's of ISO 15924 (`Latn`) or "".

    `zho_Hans` gives `zh` and `Hans`, `pt-BR` gives `pt` and "". Languages without a code of two
    letters keep that of three. None for what is no code of one language at all.
    """
    found = _TAG.fullmatch(written.strip())
    if found is None:
        return None
    code = found["language"].lower()
    return _known().get(code, code), (found["script"] or "").title()


def is_known(written: str) -> bool:
    """Whether it is a code of a language that the project has a code of its own for."""
    tag = parse_tag(written)
    return tag is not None and tag[0] in _known().values()


@lru_cache(maxsize=4096)
def same_language(one: str, other: str) -> bool:
    """Whether two codes name one language, in one script as far as they say it.

    Codes of three parts or with a region are equal only to themselves: tasks call pairs `en-de`.

    Example:
        >>> same_language("en", "eng_Latn"), same_language("srp_Cyrl", "srp_Latn")
        (True, False)
    """
    if one == other:
        return True
    first, second = (parse_tag(code) if _PLAIN.fullmatch(code) else None for code in (one, other))
    if first is None or second is None or first[0] != second[0]:
        return False
    return first[1] == second[1] or "" in (first[1], second[1])


def is_among(code: str, codes: Iterable[str]) -> bool:
    """Whether one of the codes names the same language."""
    return any(same_language(code, other) for other in codes)


def named_among(written: str, offered: Iterable[str]) -> str:
    """The code among those offered that means the language; what was written if none does.

    A code that is offered means itself. Several of one language are told apart by their scripts.
    """
    codes = list(offered)
    tag = parse_tag(written)
    if written in codes or tag is None:
        return written
    same = [(code, found) for code in codes if (found := parse_tag(code)) and found[0] == tag[0]]
    for code, found in same:
        if found[1] == tag[1]:
            return code
    for code, found in same:
        if not found[1] or (not tag[1] and len(same) == 1):
            return code
    return written


def suggest_language(written: str, offered: Iterable[str]) -> str:
    """Return a hint for a language that is not among those offered.

    A code of another language is no misspelling: then all that are offered are listed.
    """
    codes = sorted(offered)
    if is_known(written):
        return f"known: {few(codes)}" if codes else "none is known"
    if len(written) > 4 and written.isalpha():  # a name, which only by chance is like a code
        listed = f"; known: {few(codes)}" if codes else ""
        return f"give its code, such as `de`, `deu` or `deu_Latn`{listed}"
    called = {alias: code for alias in _known() if (code := named_among(alias, codes)) in codes}
    called |= {code: code for code in codes}
    meant = called.get(closest(written, called) or "")
    return f"did you mean `{meant}`?" if meant else suggest(written, codes)
