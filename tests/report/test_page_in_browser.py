"""The page in a browser: it sorts, obeys the keyboard, complains of and asks for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapterxlt.report.comparisons import compared
from adapterxlt.report.page import render
from adapterxlt.report.read import Run, read_runs
from tests.report.browser import Browser, browsing
from tests.report.made_up import study
from tests.report.rows import row

LANGUAGES = ("en", "de", "ru", "sw")
MANY = 100_000


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    study(folder, intermediates=("none", "mnli", "squad"), targets=("sib200", "xnli"),
          languages=LANGUAGES, seeds=(1, 2), examples=200, layers=2)  # fmt: skip
    runs = read_runs((folder,), print)
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


def test_the_table_with_intervals_is_seen_whole(opened: Browser, page: Path) -> None:
    opened.open(page, 1200, 800)
    opened.js(
        "document.querySelectorAll('.fit td:first-child').forEach("
        "cell => cell.textContent = 'mnli + the same task · stacked · seq_bn[leave_out=[-1]]')"
    )
    box = "document.querySelector('.fit').parentElement"
    assert opened.js(f"{box}.scrollWidth <= {box}.clientWidth") is True
    heads = opened.js("[...document.querySelectorAll('.fit th')].map(one => one.textContent)")
    assert heads == ["trained before", "target", "points", "95 %", "p (Holm)", "verdict",
                     "better in", "examples", "seeds", "rows"]  # fmt: skip


def test_cells_tell_more_by_the_keyboard(opened: Browser) -> None:
    opened.js("document.querySelectorAll('#matrix .matrix thead button')[3].focus()")
    opened.press("Tab")
    tip = "document.getElementById('tip')"
    assert opened.js(f"{tip}.hidden") is False
    text = opened.js(f"{tip}.textContent")
    assert text.startswith("mnli on sib200\n")
    assert "600 examples, 3 languages: de, ru and sw, 2 seeds; zero-shot" in text
    opened.press("ArrowRight")
    assert opened.js(f"{tip}.textContent").startswith("mnli on xnli\n")
    opened.press("ArrowDown")
    assert opened.js(f"{tip}.textContent").startswith("squad on xnli\n")
    opened.press("Escape")
    assert opened.js(f"{tip}.hidden") is True


TIP = "document.getElementById('tip')"


@pytest.mark.parametrize("element", ["#matrix .matrix td button", "#cost .point"])
def test_cells_and_marks_tell_more_to_mouse_finger_and_keyboard(
    opened: Browser, element: str
) -> None:
    told = opened.js(
        f"(one => one.dataset.tip || one.ariaLabel)(document.querySelector({element!r}))"
    )
    assert told

    def over(what: str) -> None:
        opened.point_at("h2")  # a mouse that stays in its place is not over anything new
        opened.point_at(what)

    opened.wait_for(f"!{TIP}.hidden", lambda: over(element))
    assert opened.js(f"{TIP}.textContent") == told
    opened.wait_for(f"{TIP}.hidden", lambda: over("h1"))
    opened.js(f"document.querySelector({element!r}).focus()")
    assert opened.js(f"[{TIP}.hidden, {TIP}.textContent]") == [False, told]
    opened.js("document.activeElement.blur()")
    assert opened.js(f"{TIP}.hidden") is True
    opened.wait_for(f"!{TIP}.hidden", lambda: opened.point_at(element, touch=True))
    assert opened.js(f"{TIP}.textContent") == told
    inside = f"(box => box.left >= 0 && box.right <= innerWidth)({TIP}.getBoundingClientRect())"
    assert opened.js(inside) is True


def test_arrow_keys_go_along_the_marks_of_a_plot(opened: Browser) -> None:
    opened.js("document.querySelector('#cost .point').focus()")
    for _ in range(20):
        opened.press("ArrowLeft")
    minutes = []
    for _ in range(6):  # three models with two seeds
        text = opened.js("document.activeElement.ariaLabel")
        minutes.append(float(text.split(" after ")[1].split(" min")[0]))
        opened.press("ArrowRight")
    assert len(minutes) == len(set(minutes)) == 6
    assert minutes == sorted(minutes)
    stops = "document.querySelectorAll('#cost figure:first-of-type svg .point[tabindex=\"0\"]')"
    assert opened.js(f"{stops}.length") == opened.js(
        "document.querySelectorAll('#cost svg').length"
    )


def test_colour_fills_the_cell_and_headings_stand_over_their_words(opened: Browser) -> None:
    shown = "document.querySelector('#matrix .matrix td:is(.better, .worse)')"
    assert opened.js(f"getComputedStyle({shown}).backgroundColor") != "rgba(0, 0, 0, 0)"
    sides = opened.js(
        "[...document.querySelectorAll('#rows th')].map((head, at) => [head, "
        "document.querySelector('#rows tr[aria-rowindex]').cells[at]]"
        ".map(one => getComputedStyle(one).textAlign))"
    )
    assert len(sides) > 20
    assert all(head == cell for head, cell in sides)


def test_words_stay_whole_on_a_phone(browser: Browser, page: Path) -> None:
    browser.session = ""
    browser.open(page, 390, 844)
    browser.js("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    broken = browser.js(
        """[...document.querySelectorAll('#matrix td, #matrix th, .mark > span')].flatMap(cell => {
          const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), found = [];
          for (let text; (text = walk.nextNode());)
            for (const word of text.data.matchAll(/[a-z]{3,14}/g)) {
              const range = new Range();
              range.setStart(text, word.index);
              range.setEnd(text, word.index + word[0].length);
              const lines = new Set([...range.getClientRects()].map(one => one.top));
              if (lines.size > 1) found.push(word[0]);
            }
          return found;
        })"""
    )
    assert broken == []


def test_paper_has_no_rows_and_no_tools(opened: Browser) -> None:
    assert 10 <= opened.pages() <= 22  # 16 with the fonts of one machine
    opened.call("Emulation.setEmulatedMedia", media="print")
    shown = "one => getComputedStyle(document.querySelector(one)).display"
    parts = opened.js(f"['#rows .view', '#rows .tools', 'nav', '#rows .paper'].map({shown})")
    assert parts == ["none", "none", "none", "block"]
    opened.js("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    opened.call("Emulation.setDeviceMetricsOverride", width=1032, height=703, deviceScaleFactor=1,
                mobile=False)  # fmt: skip
    assert opened.js("document.documentElement.scrollWidth") <= 1032
    ends = (
        "[...document.querySelectorAll('table, svg')].map(one => one.getBoundingClientRect().right)"
    )
    assert opened.js(f"Math.max(...{ends})") <= 1032


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


def test_a_hundred_thousand_rows_open_and_are_found(browser: Browser, tmp_path: Path) -> None:
    rows = [
        row("none" if not number % 10 else f"model-{number % 10}", f"l{number // 10 % 100}",
            number / MANY, stage="search", task="tatoeba", baseline="none",
            layer=number // 1000)
        for number in range(MANY)
    ]  # fmt: skip
    path = tmp_path / "page.html"
    path.write_text(render([Run(Path("runs"), "test", tuple(rows))], {}, []), encoding="utf-8")
    browser.session = ""
    browser.events.clear()
    browser.open(path, 1280, 800)
    told = "document.querySelector('#rows output').textContent"
    assert browser.js(told) == "100,000 of 100,000 rows"
    assert browser.js("document.querySelectorAll('#rows tbody tr').length") < 200
    browser.js("const box = document.querySelector('#rows input'); box.value = 'model-3 l42';"
               "box.dispatchEvent(new Event('input'))")  # fmt: skip
    assert browser.js(told) == "100 of 100,000 rows"
    cells = browser.js(
        "[...document.querySelector('#rows tr[aria-rowindex]').cells].map(one => one.textContent)"
    )
    assert {"model-3", "l42", "0.0042"} < {*cells}  # of layer 0
    browser.js("box.value = ''; box.dispatchEvent(new Event('input'))")
    browser.js("const view = document.querySelector('#rows .view'); view.scrollTop = 1e9")
    browser.js("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    last = "[...document.querySelectorAll('#rows tr[aria-rowindex]')].at(-1).ariaRowIndex"
    assert browser.js(last) == "100001"
    assert browser.pages() <= 20  # the rows are not printed
    assert browser.complaints() == []
