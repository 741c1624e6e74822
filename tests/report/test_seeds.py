"""Gains seed by seed: what is taken together, and its interval."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest
from scipy import stats

from adapterxlt.report.read import Run
from adapterxlt.report.seeds import over_seeds
from adapterxlt.results.rows import Row
from adapterxlt.store.manifest import Manifest
from tests.report.rows import row


def seeded(seed: int, direct: float, nli: float, name: str = "", **changes: object) -> list[Row]:
    """English and German of a model and its baseline; German differs, English does not."""
    baseline = f"direct{name}"
    rows = [
        row(baseline, "en", 90.0, baseline=baseline),
        row(baseline, "de", direct, baseline=baseline),
        row(f"nli{name}", "en", 90.0, baseline=baseline),
        row(f"nli{name}", "de", nli, baseline=baseline),
    ]
    changes = {"seed": seed, "stage": f"scores{name}", "lineage": "mini > pawsx", **changes}
    return [dataclasses.replace(each, **changes) for each in rows]


def run(*parts: list[Row], folder: str = "runs", recipe: str = "test") -> Run:
    return Run(Path(folder), recipe, tuple(row for rows in parts for row in rows))


def test_one_folder_for_each_seed() -> None:
    gains = ((1, 60.0, 61.0), (2, 62.0, 65.0), (3, 58.0, 60.0))
    runs = [run(seeded(*gain), folder=f"runs{gain[0]}") for gain in gains]
    (found,) = over_seeds(runs)
    assert (found.model, found.baseline, found.on) == ("nli", "direct", "pawsx dev")
    assert found.gains == {"1": 1.0, "2": 3.0, "3": 2.0}
    assert found.points == 2.0
    # Student's t of two degrees of freedom, standard deviation 1, three seeds.
    assert found.margin == pytest.approx(4.303 / 3**0.5, rel=1e-3)
    assert str(found) == (
        "nli vs direct on pawsx dev: +2.0 ± 2.5 points zero-shot, 3 seeds "
        "(1: +1.0, 2: +3.0, 3: +2.0; better in 3; within the error)"
    )


def test_a_matrix_writes_seeds_into_the_names_of_one_folder() -> None:
    (found,) = over_seeds([run(seeded(1, 60.0, 63.0, "_1"), seeded(12, 60.0, 61.0, "_12"))])
    assert (found.model, found.baseline) == ("nli_*", "direct_*")
    assert found.gains == {"1": 3.0, "12": 1.0}


def test_two_seeds_are_far_from_certain() -> None:
    (found,) = over_seeds([run(seeded(1, 60, 61)), run(seeded(2, 60, 63), folder="b")])
    assert found.margin == pytest.approx(12.706, rel=1e-3)


@pytest.mark.parametrize(
    "other",
    [
        run(seeded(2, 60, 63), recipe="another", folder="b"),
        run(seeded(2, 60, 63, caps="train 8"), folder="b"),
        run(seeded(2, 60, 63, data="mine"), folder="b"),
        run(seeded(2, 60, 63, task="xnli"), folder="b"),
        run(seeded(2, 60, 63, lineage="mini > nli (full)"), folder="b"),
        run(seeded(2, 60, 63)[2:], folder="b"),
        run(seeded(1, 60, 61), folder="b"),
    ],
)
def test_what_is_not_the_same_comparison_is_not_taken_together(other: Run) -> None:
    assert over_seeds([run(seeded(1, 60, 61)), other]) == []


def test_a_baseline_of_another_seed_is_no_pair() -> None:
    rows = seeded(1, 60, 61) + seeded(2, 60, 63)[2:]
    renamed = [dataclasses.replace(each, model=f"{each.model}_2") for each in rows[4:]]
    assert over_seeds([run(rows[:4] + renamed)]) == []


def test_the_bare_backbone_goes_with_every_seed() -> None:
    def search(seed: int, value: float) -> list[Row]:
        bare = row("none", "de", 20.0, layer=2, baseline="none", trained_in=())
        rows = [
            dataclasses.replace(bare, fingerprint=""),
            dataclasses.replace(row("nli", "de", value, layer=2, baseline="none"), seed=seed),
        ]
        return [dataclasses.replace(each, task="tatoeba", stage="search") for each in rows]

    (found,) = over_seeds([run(search(1, 25.0)), run(search(2, 27.0), folder="b")])
    assert found.gains == {"1": 5.0, "2": 7.0}
    assert (found.baseline, found.where) == ("none", "at layer 2")


def test_a_seed_measured_twice_differently_is_said() -> None:
    runs = [run(seeded(1, 60, 61)), run(seeded(2, 60, 62), folder="b")]
    (found,) = over_seeds([*runs, run(seeded(2, 60, 70), folder="c")])
    assert found.gains == {"1": 1.0, "2": 2.0}
    assert found.clash == ("2",)
    assert "measured twice, differently: seed 2" in str(found)


def set_up(seed: int, nli: float, setup: str, recipe_id: str = "1", **changes: object) -> list[Row]:
    """As `seeded`, with what the baseline and the model come from but for seeds."""
    rows = seeded(seed, 60.0, nli, recipe_id=recipe_id, **changes)
    setups = ("base", "base", setup, setup)
    return [dataclasses.replace(each, setup=own) for each, own in zip(rows, setups, strict=True)]


def test_content_tells_what_goes_together_not_names() -> None:
    same = run(set_up(2, 63.0, "x", "2", data="elsewhere", lineage="in other words"))
    (found,) = over_seeds([run(set_up(1, 61.0, "x")), same])
    assert found.gains == {"1": 1.0, "2": 3.0}
    other = run(set_up(2, 63.0, "y", "2"))  # another learning rate, say
    assert over_seeds([run(set_up(1, 61.0, "x")), other]) == []
    (found,) = over_seeds([run(set_up(1, 61.0, "x")), other, run(set_up(3, 62.0, "y", "3"))])
    assert found.gains == {"2": 3.0, "3": 2.0}


def test_less_loss_is_better() -> None:
    changes = {"task": "mlm", "metric": "perplexity"}
    (found,) = over_seeds(
        [run(seeded(1, 60, 50, **changes)), run(seeded(2, 60, 65, **changes), folder="b")]
    )
    assert "better in 1" in str(found)


def grid(folder: Path, firsts: Sequence[int], lasts: Sequence[int]) -> Run:
    """Models under each pair of seeds, and a baseline that has the last stage alone."""
    rows = []
    for last in lasts:
        rows.append(row(f"direct_{last}", "de", 60.0 + last, baseline=f"direct_{last}"))
        rows[-1] = dataclasses.replace(rows[-1], setup="base", seed=last, stage=f"s_{last}")
        for first in firsts:
            address = f"{first}{last}" + "0" * 62
            steps = [
                {"fingerprint": "a", "kind": "train", "params": {"seed": first}},
                {"fingerprint": "b", "kind": "train", "params": {"seed": last}, "inputs": ["a"]},
            ]
            found = Manifest(
                fingerprint=address, kind="evaluate", title="s", recipe="test", parts={},
                lineage={"steps": steps}, files={}, environment={},
            )  # fmt: skip
            place = folder / "store" / address[:2] / address
            place.mkdir(parents=True)
            (place / "manifest.json").write_text(found.text())
            made = row(f"nli_{first}.x_{last}", "de", 62.0 + 2 * first + 3 * last)
            rows.append(
                dataclasses.replace(
                    made, setup="nli", seed=last, cell=address, stage=f"s_{last}",
                    baseline=f"direct_{last}",
                )
            )  # fmt: skip
    return Run(folder, "test", tuple(rows))


def test_cells_of_a_grid_are_no_independent_seeds(tmp_path: Path) -> None:
    (found,) = over_seeds([grid(tmp_path, (1, 2, 3), (4, 5))])
    assert (found.model, found.baseline, found.clash) == ("nli_*.x_*", "direct_*", ())
    assert found.gains == {
        f"{first}/{last}": 2.0 + 2 * first + 2 * last for first in (1, 2, 3) for last in (4, 5)
    }
    # By hand: differences of 2 from seed to seed of either stage, and nothing else.
    variance = (4 / 3, 2 / 2)
    freedom = sum(variance) ** 2 / (variance[0] ** 2 / 2 + variance[1] ** 2 / 1)
    assert found.margin == pytest.approx(stats.t.ppf(0.975, freedom) * sum(variance) ** 0.5)
    assert ", 3 x 2 seeds (1/4: +12.0, " in str(found)
