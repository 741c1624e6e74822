"""Fingerprints of single texts, by which training and evaluation data are compared."""

from __future__ import annotations

import hashlib
import unicodedata


def _is_edge(character: str) -> bool:
    """Whether a character is punctuation, a symbol or white space."""
    return unicodedata.category(character)[0] in "PSZ" or character.isspace()


# Stripping these first is fast, and leaves few characters at the edges to check.
_ASCII_EDGES = "".join(filter(_is_edge, map(chr, range(128))))


def normalise_text(text: str) -> str:
    """Return the normalised form of a text; two records with equal forms count as the same text.

    NFKC, casefold, runs of white space to one space, punctuation and symbols dropped at both
    edges (not inside). A text of only punctuation becomes the empty string.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    folded = folded.strip(_ASCII_EDGES)
    start, end = 0, len(folded)
    while start < end and _is_edge(folded[start]):
        start += 1
    while end > start and _is_edge(folded[end - 1]):
        end -= 1
    return " ".join(folded[start:end].split())


def text_hash(text: str) -> int:
    """Return the 64-bit hash of a text's normalised form: BLAKE2b of 8 bytes, little-endian."""
    return int.from_bytes(text_digest(normalise_text(text)), "little")


def text_digest(normalised: str) -> bytes:
    """Return the 8 bytes of that hash for a text that is already normalised."""
    return hashlib.blake2b(normalised.encode("utf-8"), digest_size=8).digest()
