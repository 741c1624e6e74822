"""What is said of language adapters before anything is trained."""

from __future__ import annotations

import pytest

from adapterxlt.errors import InvalidRecipeError
from adapterxlt.recipe.language_adapters import captured
from adapterxlt.recipe.load import load_text
from tests.recipe.helpers import stages

LANGUAGES = """
en: {train: {task: mlm, language: en}, method: seq_bn_inv}
l_en: {train: {task: mlm, language: en}, method: seq_bn_inv}
l_de: {train: {task: mlm, language: de}, method: seq_bn_inv}
s_en: {train: {task: mlm, language: en}, method: sft}
s_de: {train: {task: mlm, language: de}, method: sft}
g_en: {train: {task: mlm, language: en}, method: unipelt}
nli: {train: mnli}
pre: {train: {task: mlm, language: fr}, method: prefix_tuning}
"""


def problems_of(text: str) -> list[str]:
    """The problems of a recipe, [] if it has none."""
    try:
        load_text(text)
    except InvalidRecipeError as error:
        return [
            f"{p.line} {p.path}: {p.message}" + (f" ({p.hint})" if p.hint else "")
            for p in error.problems
        ]
    return []


@pytest.mark.parametrize(
    ("pattern", "name", "language"),
    [
        ("lang_{language}", "lang_sw", "sw"),
        ("{language}.mlm", "sr-Latn.mlm", "sr-Latn"),
        ("lang_{language}", "lang_everything", None),
        ("lang_{language}", "lang_", None),
        ("lang_{language}_2", "lang_sw", None),
    ],
)
def test_a_pattern_finds_languages_in_names(pattern: str, name: str, language: str | None) -> None:
    assert captured(pattern, name) == language


def test_a_pattern_is_what_the_mapping_would_be() -> None:
    head = stages(LANGUAGES)
    written, listed = (
        load_text(f"{head}  x: {{train: udpos, language_adapters: {text}}}\n").recipe.stages["x"]
        for text in ('"l_{language}"', "{en: l_en, de: l_de}")
    )
    assert written == listed


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (
            "x: {train: udpos, language_adapters: lang_en}",
            "language_adapters: `lang_en` must contain `{language}` once, as in `lang_{language}`",
        ),
        (
            'x: {train: udpos, language_adapters: "lang_{language}"}',
            "language_adapters: no stage is called as `lang_{language}` says: `lang_sw: {train: "
            "{task: mlm, language: sw}, method: seq_bn_inv}` would be one",
        ),
        (
            "x: {train: udpos, language_adapters: [l_en]}",
            ("language_adapters: must be a pattern for stage names, such as `lang_{language}`, or "
             "a mapping from languages to stages"),
        ),
        (
            "x: {train: udpos, language_adapters: {en: l_em}}",
            "language_adapters.en: there is no stage `l_em` (did you mean `l_en`?)",
        ),
        (
            "x: {train: udpos, language_adapters: {de: l_de}}",
            ("language_adapters: there is no language adapter for the training language `en` "
             "(there are those of de)"),
        ),
        (
            "x: {train: udpos, language_adapters: {en: l_en, de: nli}}",
            "language_adapters.de: `nli` is trained on `mnli`: a language adapter is trained by "
            "masked language modelling, on plain text",
        ),
        (
            "x: {train: udpos, language_adapters: {en: l_en, fr: l_de}}",
            "language_adapters.fr: `l_de` is trained in de, not in `fr`",
        ),
        (
            "x: {train: udpos, language_adapters: {en: l_en, de: s_en}}",
            "language_adapters.de: `s_en` is trained in en, not in `de`",
        ),
        (
            "x: {train: udpos, language_adapters: {de: l_de, en: s_en}}",
            ("language_adapters.en: `s_en` is a full or sparse fine-tune, but `l_de` is not, so "
             "they cannot be swapped (train all language stages with methods of one kind)"),
        ),
        (
            "x: {train: udpos, method: sft, language_adapters: {en: l_en}}",
            ("language_adapters: only adapters can be stacked, but this method trains the "
             "backbone or a head (choose another method, or train without it)"),
        ),
        (
            "x: {train: udpos, method: seq_bn_inv, language_adapters: {en: l_en}}",
            ("language_adapters: the invertible adapter of `seq_bn_inv` only works in the lowest "
             "adapter (choose another method, or train without it)"),
        ),
        (
            "x: {train: udpos, language: [en, de], language_adapters: {en: l_en}}",
            ("language_adapters: there is no language adapter for the training language `de` "
             "(there are those of en)"),
        ),
        (
            "x: {train: udpos, method: sft, language: [en, de], language_adapters: "
            "{en: s_en, de: s_de}}",
            ("language_adapters: the stage trains in en, de, but language stages that are full "
             "or sparse fine-tunes cannot be exchanged in training, so only one language can be "
             "trained in (train in one language, then continue in the next: `{train: {task: "
             "..., language: ...}, after: ...}`)"),
        ),
        (
            "x: {train: udpos, language: [en, de], language_adapters: {en: g_en, de: l_de}}",
            ("language_adapters: the stage trains in en, de, but language adapters of `unipelt` "
             "cannot be exchanged in training (train in one language, then continue in the next: "
             "`{train: {task: ..., language: ...}, after: ...}`)"),
        ),
        (
            "y: {train: udpos, language_adapters: {en: s_en, de: s_de}}\n"
            "z: {train: udpos, language: de, language_adapters: {en: s_en, de: s_de}}\n"
            "x: {fuse: [y, z], train: udpos}",
            ("fuse[0]: `y` belongs to a fine-tuned backbone, so it cannot be fused with others "
             "(train all members `after` the same full fine-tune)"),
        ),
        (
            "y: {train: udpos, language_adapters: {en: s_en, de: s_de}}\n"
            "z: {train: udpos, seed: 2, language_adapters: {en: s_en, de: s_de}}\n"
            "x: {fuse: [y, z], train: udpos, language: de}",
            ("fuse[0]: `y` was trained on `s_en`, and this fusion is trained on `s_de`; weights "
             "of the backbone cannot be exchanged below a fusion (train the fusion in the "
             "language of its members)"),
        ),
        (
            "y: {train: udpos}\nz: {train: udpos, seed: 2}\n"
            "x: {fuse: [y, z], train: udpos, language_adapters: {en: s_en, de: s_de}}",
            ("fuse[0]: `y` was not trained on the weights of `s_en` (give `y` the same "
             "`language_adapters`)"),
        ),
        (
            "y: {train: udpos, stack_on: nli}\nz: {train: udpos, stack_on: nli, seed: 2}\n"
            "x: {fuse: [y, z], train: udpos, language_adapters: {en: l_en}}",
            ("fuse[1]: `z` is a stack that was not trained on language adapters (give the lowest "
             "of its stages these language adapters)"),
        ),
        (
            "x: {train: udpos, after: nli, language_adapters: {en: l_en}}",
            ("language_adapters: `nli` was not trained on language adapters, so it has none to "
             "swap (give `nli` the same `language_adapters`)"),
        ),
        (
            "x: {train: udpos, no_language_adapter: source}",
            ("no_language_adapter: has no effect without `language_adapters` (add "
             "`language_adapters: \"lang_{language}\"`, or leave this key out)"),
        ),
        (
            "x: {train: udpos, no_language_adapter: some, language_adapters: {en: l_en}}",
            "no_language_adapter: must be `error`, `source` or `none`",
        ),
        (
            "x: {retrieve: nli, on: tatoeba, language_adapters: {en: l_en}}",
            ("retrieve[0]: `nli` was not trained on language adapters (add `language_adapters` to "
             "the stage that trains it, or measure it in a separate stage)"),
        ),
        (
            "x: {retrieve: none, on: tatoeba, no_language_adapter: none}",
            "no_language_adapter: has no effect without `language_adapters`",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(written: str, problem: str) -> None:
    found = problems_of(stages(f"{LANGUAGES}{written}"))
    assert f"stages.x.{problem}" in [text.partition(" ")[2] for text in found]


def test_languages_that_are_listed_are_told_at_once() -> None:
    text = stages(
        LANGUAGES + 'x: {train: udpos, language_adapters: "l_{language}"}\n'
        "scores: {evaluate: x, on: udpos, languages: [en, sw, yo]}"
    )
    (found,) = problems_of(text)
    assert "stages.scores.evaluate[0]: `x` has no language adapter for sw, yo (train them" in found


def test_members_with_and_without_are_told_apart() -> None:
    head = LANGUAGES + (
        'x: {train: udpos, language_adapters: "l_{language}"}\n'
        "y: {train: udpos, method: seq_bn, seed: 2}\n"
    )
    (found,) = problems_of(stages(head + "z: {fuse: [x, y], train: udpos}"))
    assert "`y` was not trained on language adapters, but other members were" in found
    fused = 'z: {fuse: [x, y], train: udpos, language_adapters: "l_{language}"}'
    assert problems_of(stages(head + fused)) == []
    (found,) = problems_of(stages(head + "z: {merge: [x, y]}"))
    assert "`y` cannot be merged with `x`: `x` stands on language adapters, but `y` does" in found
    others = head + (
        'w: {train: udpos, language: de, language_adapters: "l_{language}"}\n'
        "v: {train: udpos, language_adapters: {en: l_en}}\n"
        'full: {train: udpos, method: full, language_adapters: "s_{language}"}\n'
        'full2: {train: udpos, method: sft, language_adapters: "s_{language}"}\n'
    )
    (found,) = problems_of(stages(others + "z: {merge: [x, w]}"))
    assert "`w` was trained on `l_de`, but `x` on `l_en` (train all members in the" in found
    (found,) = problems_of(stages(others + "z: {merge: [x, v]}"))
    assert "`v` stands on other language adapters than `x`" in found
    (found, _) = problems_of(stages(others + "z: {merge: [full, full2]}"))
    assert "`full` contains a language's weights, which a merge would add several times" in found
    again = others + 'again: {train: udpos, seed: 3, language_adapters: "l_{language}"}\n'
    assert problems_of(stages(again + "z: {merge: [x, again]}")) == []
    greedy = "z: {merge: [x, again], how: greedy, on: {task: udpos, language: de}}"
    found, _ = problems_of(stages(again + greedy))
    assert "`x` stands on `l_en`, which is not the language adapter of `de` (choose the" in found
    (found,) = problems_of(stages(head + "z: {ensemble: [x, y]}"))
    assert "`x` stands on language adapters, which an ensemble cannot swap" in found
