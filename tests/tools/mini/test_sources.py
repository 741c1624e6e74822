"""The declared sources."""

from __future__ import annotations

import re

from tools.mini.config import LANGUAGES
from tools.mini.sources import SOURCES

EVALUATED = re.compile(r"tatoeba|bucc|xnli|udpos|panx|wikiann|snli|anli|mnli|qqp|masakha", re.I)


def test_only_free_sources() -> None:
    assert {source.licence_class for source in SOURCES} == {"A"}
    for source in SOURCES:
        assert not re.search(r"\bNC\b|non-?commercial|research only", source.licence, re.I)
        assert source.licence
        assert source.attribution
        assert source.used_for


def test_nothing_that_must_stay_clean_to_evaluate() -> None:
    for source in SOURCES:
        assert not EVALUATED.search(f"{source.name} {source.upstream} {source.pattern}")


def test_every_source_is_traceable() -> None:
    names = [source.name for source in SOURCES]
    assert len(names) == len(set(names))
    paths = [source.path(language) for source in SOURCES for language in source.codes]
    assert len(paths) == len(set(paths))
    for source in SOURCES:
        assert source.upstream.count("/") == 1
        assert set(source.codes) <= set(LANGUAGES)
        assert all("{" not in source.path(language) for language in source.codes)


def test_every_language_has_parallel_text() -> None:
    parallel = [source for source in SOURCES if source.use == "parallel"]
    for language in LANGUAGES:
        assert sum(language in source.codes for source in parallel) >= 2
