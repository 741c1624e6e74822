"""From a tokenizer's offsets to the characters of a context that an answer takes with each token.

Only the offsets are looked at, so that this holds for any tokenizer. They leave gaps: a tokenizer
that normalises its text covers the base of `e` and U+0301 but not the mark, and nothing of what
it deletes (zero-width characters). A gap belongs to the token before it, as the marks of a
grapheme cluster do.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

Span = tuple[int, int]

_BYTE_ORDER_MARK = "\ufeff"  # by name a space; left behind at the beginning of texts


def answer_spans(context: str, offsets: Sequence[Span]) -> list[Span]:
    """Characters (start, end) of the context that each token stands for.

    The first one's start and the last one's end are those of an answer. Neither is white space.
    A span ends behind the characters that no token covers and that no white space parts from it:
    combining marks, joiners, variation selectors, zero-width spaces. Where such characters follow
    white space or begin the text, they belong to the token after them.

    A token of white space alone begins where the next one does and ends where the one before
    does: its start is not before its end.
    """
    trimmed = [_trim(context, *span) for span in offsets]
    covered = bytearray(len(context))
    for start, end in trimmed:
        covered[start:end] = b"\1" * (end - start)
    widened = [
        (_start(context, covered, start), _end(context, covered, end)) if start < end else None
        for start, end in trimmed
    ]
    ends: list[int] = []
    for span in widened:
        ends.append(span[1] if span else ends[-1] if ends else 0)
    starts: list[int] = []
    for span in reversed(widened):
        starts.append(span[0] if span else starts[-1] if starts else len(context))
    return list(zip(reversed(starts), ends, strict=True))


def answer_tokens(spans: Sequence[Span], start: int, text: str) -> tuple[int, int] | None:
    """First and last token that hold characters start..start+len(text)-1 of the context.

    What cannot be seen at the text's start does not count: it may be the end of the token before.

    Args:
        spans: what `answer_spans` returned.
    """
    end = start + len(text)
    seen = (i for i, each in enumerate(text) if not (is_blank(each) or _is_invisible(each)))
    start += next(seen, 0)
    touched = [i for i, (left, right) in enumerate(spans) if max(left, start) < min(right, end)]
    return (touched[0], touched[-1]) if touched else None


def is_blank(character: str) -> bool:
    """Whether a character is white space of any kind, no-break spaces included."""
    return character.isspace() or character == _BYTE_ORDER_MARK


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cf", "Cc")


def _trim(context: str, start: int, end: int) -> Span:
    """Without white space at the ends, and what a tokenizer takes for it at the start: offsets
    count the gap before a word (a space, a zero-width non-joiner) to the word."""
    while start < end and is_blank(context[end - 1]):
        end -= 1
    while start < end and is_blank(context[start]):
        start += 1
    seen = start
    while seen < end and (is_blank(context[seen]) or _is_invisible(context[seen])):
        seen += 1
    return (seen if seen < end else start), end  # joiners that are a token of their own stay


def _start(context: str, covered: bytearray, start: int) -> int:
    first = start
    while first and not covered[first - 1] and not is_blank(context[first - 1]):
        first -= 1
    # Right behind another token, they are that one's.
    return start if first and covered[first - 1] else first


def _end(context: str, covered: bytearray, end: int) -> int:
    while end < len(context) and not covered[end] and not is_blank(context[end]):
        end += 1
    return end
