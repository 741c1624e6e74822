"""The page of results."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

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
        if tag != "meta":
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
        if "td" in self.open or "th" in self.open:
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
    assert ["0 ", "20.0", "30.0"] in found.rows
    assert ["1 ", "21.0*", "31.0*"] in found.rows
    assert ["nli", "1", "f" * 12, "mini > nli"] in found.rows
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
        < text.index("<h2>runs: test")
        < text.index("<h2>more: test")
    )


def test_the_same_results_give_the_same_bytes_and_nothing_is_loaded_from_elsewhere() -> None:
    text = page(run(ROWS))
    assert text == page(run(ROWS))
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    assert not re.search(r"<script|<link|<img|src=|url\(|https?:", text)


def test_names_are_text() -> None:
    evil = '"><script>alert(1)</script>'
    rows = [
        dataclasses.replace(
            each, recipe=evil, model=evil, task=evil, language=evil, lineage=evil, protocol=evil
        )
        for each in ROWS[:2]
    ]
    text = page(Run(Path(evil), evil, tuple(rows)), run(ROWS))
    found = Page(text)
    assert "script" not in found.tags
    assert found.rows[0][0] == "model"
