"""The bundled data set `pocket`: lexicon, grammar of eight languages, generator."""

from __future__ import annotations

LANGUAGES = ("en", "de", "es", "fr", "ru", "zh", "tr", "sw")
