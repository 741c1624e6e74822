"""What a stage needs of a machine: checked, and part of no address."""

from __future__ import annotations

import pytest

from adapterxlt.errors import InvalidRecipeError
from adapterxlt.recipe.load import load_text
from adapterxlt.recipe.resources import Resources

TEXT = """
name: r
resources: {cpus: 4, memory: 1.5GB}
stages:
  nli: {train: mnli, resources: {gpus: 1, cpus: 2}}
  direct: {train: pawsx}
"""


def test_a_stage_wins_over_the_recipe_key_by_key() -> None:
    recipe = load_text(TEXT).recipe
    assert recipe.resources_of("nli") == Resources(gpus=1, cpus=2, memory="1.5GB")
    assert recipe.resources_of("direct") == Resources(cpus=4, memory="1.5GB")
    assert recipe.resources_of("direct").bytes == 1_500_000_000
    assert Resources().bytes is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("{memory: lots}", "must be a size such as 16GB or 800MB"),
        ("{gpu: 1}", "did you mean `gpus`?"),
        ("{cpus: 0}", "resources.cpus"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(wrong: str, told: str) -> None:
    with pytest.raises(InvalidRecipeError) as error:
        load_text(TEXT.replace("{gpus: 1, cpus: 2}", wrong))
    assert told in str(error.value)
    assert "recipe.yaml:5" in str(error.value)
