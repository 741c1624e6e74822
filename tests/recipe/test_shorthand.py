from __future__ import annotations

from tests.recipe.helpers import load


def test_short_forms() -> None:
    recipe = load(
        """\
        name: x
        data: pocket
        stages:
          nli: {train: mnli}
          scores: {evaluate: nli, on: xnli, languages: de}
          search: {retrieve: none, on: tatoeba, layers: 2, languages: [all]}
        """
    ).recipe
    assert recipe.data == ["pocket"]
    scores, search = recipe.stages["scores"], recipe.stages["search"]
    assert scores.model_dump(include={"evaluate", "on", "languages"}) == {
        "evaluate": ["nli"],
        "on": ["xnli"],
        "languages": ["de"],
    }
    assert search.model_dump(include={"retrieve", "layers", "languages"}) == {
        "retrieve": ["none"],
        "layers": [2],
        "languages": "all",
    }
