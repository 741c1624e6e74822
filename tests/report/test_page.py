"""The page of results."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from adapterxlt.report.embed import embedded, rows_of
from adapterxlt.report.page import render
from adapterxlt.report.read import Run
from adapterxlt.report.seeds import over_seeds
from adapterxlt.results.rows import Row
from tests.report.rows import row

ROWS = [
    row("direct", "en", 80.0),
    row("direct", "de", 60.0),
    row("nli", "en", 79.0),
    row("nli", "de", 61.0, contamination="mnli 3 of 400 texts"),
    row("nli", "de", 0.5, metric="loss", main=False),
    *(
        row(
            model, "de", value + layer, layer=layer, stage="search", task="tatoeba", baseline="none"
        )
        for model, value in (("none", 20.0), ("nli", 30.0))
        for layer in (0, 1)
    ),
]


class Page(HTMLParser):
    """Tags, and the text of each table row."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.rows: list[list[str]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "input"):
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.rows and ("td" in self.open or "th" in self.open):
            self.rows[-1][-1] += data


def page(*runs: Run) -> str:
    return render(runs, {}, over_seeds(runs))


def run(rows: list[Row], folder: str = "runs") -> Run:
    return Run(Path(folder), "test", tuple(rows))


def test_tables_plots_answers_and_lineage() -> None:
    text = page(run(ROWS))
    found = Page(text)
    assert ["direct", "70.0", "", "60.0", "", "80.0", "60.0"] in found.rows
    assert ["nli", "70.0", "+0.0", "61.0", "+1.0", "79.0", "61.0!"] in found.rows
    assert ["0 ", "20.0", "30.0"] in found.rows  # retrieval by layer
    assert ["1 ", "21.0*", "31.0*"] in found.rows
    assert ["nli", "1", "f" * 12, "mini > nli", "zero-shot", "train 2000", "rows"] in found.rows
    assert found.tags.count("svg") == 2  # by layer; by language, where there are several
    assert found.tags.count("circle") == 8
    assert "nli vs direct on pawsx dev: +1.0" in text
    assert "loss, mean: nli 0.5" in text
    assert "seen before (nli): de: mnli 3 of 400 texts" in text


def test_seeds_come_first() -> None:
    other = [dataclasses.replace(each, seed=2) for each in ROWS]
    text = page(run(ROWS), run(other, "more"))
    assert (
        text.index("Over several seeds")
        < text.index("<summary><b>runs: test")
        < text.index("<summary><b>more: test")
    )


def test_the_same_results_give_the_same_bytes_and_nothing_is_loaded_from_elsewhere() -> None:
    text = page(run(ROWS))
    assert text == page(run(ROWS))
    assert "default-src 'none'" in text
    assert not re.search(r"<script src|<link|<img|src=|url\(|https?:|innerHTML|eval\(", text)


def test_only_the_own_script_may_run() -> None:
    text = page(run(ROWS))
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text


@pytest.mark.parametrize(
    "evil",
    [
        '"><script>alert(1)</script>',
        "</script><script>alert(1)</script>",
        "' onmouseover='alert(1)",
        "<!--<script>",
        "{{ 7 * 7 }}",
    ],
)
def test_names_are_text(evil: str) -> None:
    rows = [
        dataclasses.replace(
            each, recipe=evil, model=evil, task=evil, language=evil, lineage=evil, protocol=evil,
            contamination=evil, caps=evil,
        )
        for each in ROWS[:2]
    ]  # fmt: skip
    text = page(Run(Path(evil), evil, tuple(rows)), run(ROWS))
    assert Page(text).tags.count("script") == Page(page(run(ROWS))).tags.count("script") == 2
    assert "<!--" not in text
    data = re.search(r'id="rows-data">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])["columns"]["model"]["of"][0] == evil


def test_rows_are_embedded_column_by_column() -> None:
    runs = [run(ROWS), run([dataclasses.replace(each, seed=2) for each in ROWS], "more")]
    document = json.loads(embedded(rows_of(runs)))
    assert document["count"] == 2 * len(ROWS)

    def value(name: str, row: int) -> object:
        column = document["columns"][name]
        if "all" in column:
            return column["all"]
        return column["is"][row] if "is" in column else column["of"][column["at"][row]]

    for number, (folder, own) in enumerate(
        (str(each.workdir), own) for each in runs for own in each.rows
    ):
        assert value("workdir", number) == folder
        for name in ("model", "language", "value", "layer", "main", "seed"):
            assert value(name, number) == getattr(own, name)
        assert value("trained_in", number) == "en"


def test_the_question_stands_over_pairs_only() -> None:
    assert "This page has no answer. Models are not compared in pairs, because no outcomes" in page(
        run(ROWS)
    )
