"""The protocol of a row: a language that the model was trained in is not zero-shot."""

from __future__ import annotations

import re
from collections.abc import Sequence

from adapterxlt.languages import is_among, same_language

ZERO_SHOT = "zero-shot"
IN_LANGUAGE, TRANSLATE_TRAIN = "in-language", "translate-train"
# In a lineage: `xnli[translated, 10 shots](de, fr)`, `panx(sw)`; methods are no languages.
_LANGUAGES = re.compile(r"(\[translated[^\]]*\])?\(([^()]*)\)")


def protocol_in(language: str, protocol: str, trained_in: Sequence[str], lineage: str) -> str:
    """Return the protocol of a measurement in one language.

    `zero-shot` becomes `in-language` where the model was trained in the language, and
    `translate-train` if all of these data were translations. English stays, as the average of a
    zero-shot model over all languages counts the source language too.

    Args:
        protocol: that of the measurement, which may have further facts after a comma.
        trained_in: the languages of the labelled data of the model.
        lineage: its lineage in words.
    """
    name, *facts = protocol.split(", ")
    if name != ZERO_SHOT or same_language(language, "en") or not is_among(language, trained_in):
        return protocol
    listed = {True: set[str](), False: set[str]()}
    for translated, codes in _LANGUAGES.findall(lineage):
        listed[bool(translated)].update(codes.split(", "))
    only = is_among(language, listed[True]) and not is_among(language, listed[False])
    return ", ".join([TRANSLATE_TRAIN if only else IN_LANGUAGE, *facts])
