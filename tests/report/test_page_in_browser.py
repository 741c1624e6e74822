"""The page in a browser: it sorts, obeys the keyboard, complains of and asks for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapterxlt.report.comparisons import compared
from adapterxlt.report.page import render
from adapterxlt.report.read import read_runs
from tests.report.browser import Browser, browsing
from tests.report.made_up import study

LANGUAGES = ("en", "de", "ru", "sw")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    study(folder, intermediates=("none", "mnli", "squad"), targets=("sib200", "xnli"),
          languages=LANGUAGES, seeds=(1, 2), examples=200, layers=2)  # fmt: skip
    runs = read_runs((folder,))
    path = folder / "page.html"
    path.write_text(render(runs, compared(runs, resamples=500), []), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile")) as made:
        yield made


@pytest.fixture
def opened(browser: Browser, page: Path) -> Browser:
    browser.session = ""
    browser.events.clear()
    browser.open(page, 1280, 800)
    return browser


def column(browser: Browser, number: int) -> list[str]:
    found = browser.js(
        "[...document.querySelectorAll('#matrix .matrix tbody tr')]"
        f".map(row => row.cells[{number}].textContent.trim())"
    )
    return list(found)


def test_a_heading_sorts_both_ways(opened: Browser) -> None:
    click = "document.querySelectorAll('#matrix .matrix thead button')[{}].click()"
    points = [float(text.split()[-1]) for text in column(opened, 1)]
    opened.js(click.format(1))
    assert [float(text.split()[-1]) for text in column(opened, 1)] == sorted(points, reverse=True)
    opened.js(click.format(1))
    assert [float(text.split()[-1]) for text in column(opened, 1)] == sorted(points)
    assert opened.js("document.querySelectorAll('#matrix thead th')[1].ariaSort") == "ascending"
    opened.js(click.format(0))
    assert column(opened, 0) == ["squad", "mnli"]


def test_cells_tell_more_by_the_keyboard(opened: Browser) -> None:
    opened.js("document.querySelectorAll('#matrix .matrix thead button')[3].focus()")
    opened.press("Tab")
    tip = "document.getElementById('tip')"
    assert opened.js(f"{tip}.hidden") is False
    text = opened.js(f"{tip}.textContent")
    assert text.startswith("mnli on sib200\n")
    assert "600 examples, 3 languages, 2 seeds; zero-shot" in text
    opened.press("ArrowRight")
    assert opened.js(f"{tip}.textContent").startswith("mnli on xnli\n")
    opened.press("ArrowDown")
    assert opened.js(f"{tip}.textContent").startswith("squad on xnli\n")
    opened.press("Escape")
    assert opened.js(f"{tip}.hidden") is True


def test_curves_tell_more_by_the_keyboard(opened: Browser) -> None:
    opened.js("document.querySelectorAll('#training details').forEach(one => { one.open = true; })")
    assert opened.js("document.querySelectorAll('#training .smalls figure').length") == 16
    opened.js("document.querySelector('#training .smalls svg').focus()")
    text = opened.js("document.getElementById('tip').textContent")
    assert text.startswith("sib200, directly, seq_bn, seed 1\nlosses, means of 4 steps:\n")
    assert "until step 400: " in text
    opened.press("Escape")
    assert opened.js("document.getElementById('tip').hidden") is True


def test_rows_are_found_and_sorted(opened: Browser) -> None:
    every = 2 * 3 * 2 * len(LANGUAGES) + 3 * 3 * 2
    told = "document.querySelector('#rows output').textContent"
    assert opened.js(told) == f"{every} of {every} rows"
    opened.js("const box = document.querySelector('#rows input'); box.value = 'XNLI sw';"
              "box.dispatchEvent(new Event('input'))")  # fmt: skip
    assert opened.js(told) == f"6 of {every} rows"
    opened.js("document.querySelector('#matrix a[data-rows]').click()")
    assert opened.js(told) == f"{4 * len(LANGUAGES)} of {every} rows"  # two seeds of two models
    heads = opened.js("[...document.querySelectorAll('#rows th')].map(one => one.textContent)")
    at = heads.index("value")
    opened.js(f"document.querySelectorAll('#rows th button')[{at}].click()")
    values = opened.js(
        "[...document.querySelectorAll('#rows tbody tr[aria-rowindex]')]"
        f".map(row => Number(row.cells[{at}].textContent))"
    )
    assert len(values) == 4 * len(LANGUAGES)
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, False), (390, True)])
def test_nothing_is_asked_for_nor_complained_of_nor_too_wide(
    browser: Browser, page: Path, width: int, dark: bool
) -> None:
    browser.session = ""
    browser.events.clear()
    browser.open(page, width, 844, dark=dark)
    browser.js("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    browser.js("scrollTo(0, document.body.scrollHeight)")
    assert browser.js("document.documentElement.scrollWidth") <= width
    back = browser.js("getComputedStyle(document.body).backgroundColor")
    assert (back == "rgb(255, 255, 255)") is not dark
    assert browser.complaints() == []
    assert browser.asked_for() == [page.as_uri()]
