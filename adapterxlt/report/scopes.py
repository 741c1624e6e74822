"""Says in which languages two models are compared.

A comparison is a mean over languages, zero-shot ones if there are any. The languages that only one
of the two models was trained in, as in few shots or translations, have a comparison of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from adapterxlt.languages import is_among

_AFTER = (", which ", ", at ", ", each ")  # what may follow languages in `where`
FEW = 5  # of up to so many languages, the names are told, of more only their number


class Scope(NamedTuple):
    """The languages of one comparison.

    Args:
        where: these languages in words.
        trained: the side that alone was trained in them: 0 for the model, 1 for the baseline; None
            for a comparison that is not about such languages.
        left_out: the other languages of the table, without those that both were trained in.
    """

    languages: tuple[str, ...]
    where: str
    trained: int | None = None
    left_out: tuple[str, ...] = ()

    def told(self, names: Sequence[str]) -> str:
        """Return `where` with the name of the model that alone was trained in these languages."""
        if self.trained is None:
            return self.where
        known = _in(self.languages)
        rest = self.where.removeprefix(known)
        return f"{known}, which {names[self.trained]} was trained in{rest}"


def scopes_of(
    languages: Sequence[str],
    judged: Scope,
    trained_in: tuple[Sequence[str], Sequence[str]],
    layer: str = "",
) -> list[Scope]:
    """Return the scopes of two models; `judged` comes first, unless another one says the same.

    Args:
        languages: all languages of the table.
        judged: the languages that tell in general which model is better.
        trained_in: the languages of the training data of the model and of the baseline.
        layer: the layer in words, where the models are measured at layers.
    """
    sides = {code: tuple(is_among(code, own) for own in trained_in) for code in languages}
    alone = {
        side: tuple(code for code in languages if sides[code] == wanted)
        for side, wanted in enumerate([(True, False), (False, True)])
    }
    alone = {side: codes for side, codes in alone.items() if codes}
    found = [judged] if judged.languages not in alone.values() else []
    found += [
        Scope(codes, f"{_in(codes)}, {layer}" if layer else _in(codes), side)
        for side, codes in alone.items()
    ]
    return [
        one._replace(
            left_out=tuple(
                code
                for code in languages
                if code not in one.languages and sides[code] != (True, True)
            )
        )
        for one in found
    ]


def without_losses(scopes: Sequence[Scope]) -> list[Scope]:
    """Leave out the languages that only the baseline was trained in, unless there are no others.

    That a model is worse there is no news, and each comparison makes Holm's correction stricter.
    """
    return [one for one in scopes if one.trained != 1] or list(scopes)


def told_languages(languages: Sequence[str], left_out: Sequence[str] = (), where: str = "") -> str:
    """Return how many languages these are; few are named, of more those that are left out.

    For example, `2 languages: sw and yo`, `30 languages without de`, `30 languages`.

    Args:
        where: what a sentence has said before, where the languages may have been named.
    """
    text = f"{len(languages)} language{'s' * (len(languages) != 1)}"
    known = _in(languages)
    if where == known or where.startswith(tuple(known + one for one in _AFTER)):
        return text
    if len(languages) <= FEW or len(left_out) > len(languages):
        return f"{text}: {listed(languages)}"
    return f"{text} without {listed(left_out)}" if left_out else text


def listed(names: Sequence[str]) -> str:
    """Return names in words: `a, b and c`."""
    *others, last = names or ("",)
    return f"{', '.join(others)} and {last}" if others else last


def _in(languages: Sequence[str]) -> str:
    return f"in {', '.join(languages)}"
