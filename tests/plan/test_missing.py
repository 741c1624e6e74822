"""Missing data are told with the stages that need them."""

from __future__ import annotations

from adapterxlt.errors import MissingDataError
from adapterxlt.plan.missing import missing_data


def test_each_problem_names_its_stages_once() -> None:
    mnli, panx = MissingDataError("no mnli", hint="looked here"), MissingDataError("no panx")
    found = missing_data([("nli", mnli), ("tags", panx), ("again", mnli), ("nli", mnli)])
    assert str(found) == ("stages `nli`, `again`: no mnli\n  looked here\nstage `tags`: no panx")


def test_of_many_problems_the_first_are_told() -> None:
    problems = [(f"s{n}", MissingDataError(f"no file {n}")) for n in range(7)]
    lines = str(missing_data(problems, most=2)).splitlines()
    assert lines[1:] == [
        "stage `s1`: no file 1",
        "… and 5 more; see `adapterxlt doctor --data DIR`",
    ]
    assert len(str(missing_data(problems)).splitlines()) == 7


def test_no_problem_is_no_error() -> None:
    assert missing_data([]) is None
