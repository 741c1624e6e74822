"""What figures rest on, in words."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.report.comparisons import compared
from adapterxlt.report.page import render
from adapterxlt.report.read import read_runs
from adapterxlt.report.sizes import besides, common, mean_over
from tests.report.made_up import study
from tests.report.rows import row


def test_sizes_in_words() -> None:
    assert mean_over([row("a", "de", 1.0, n=1000)]) == "1 language of 1,000 examples"
    rows = [row("a", code, 1.0, n=n) for code, n in (("de", 300), ("sw", 40))]
    assert mean_over(rows) == "2 languages of 40 to 300 examples"
    assert mean_over([row("a", "zh", 1.0, n=257, layer=3, metric="f1")]) == (
        "1 language of 257 gold pairs"
    )


def test_what_most_figures_rest_on_stands_once() -> None:
    sizes = [("9 examples", "1 seed"), ("9 examples", "2 seeds"), ("8 examples", "3 seeds")]
    shared = common(sizes)
    assert shared == ("9 examples", "")
    assert [besides(one, shared) for one in sizes] == [
        ["1 seed"], ["2 seeds"], ["8 examples", "3 seeds"],
    ]  # fmt: skip
    assert common([]) == ()


def test_every_figure_of_the_page_stands_with_its_n(tmp_path: Path) -> None:
    study(tmp_path, intermediates=("none", "mnli", "squad"), targets=("sib200",),
          languages=("en", "de", "ru", "sw"), seeds=(1, 2), examples=150, layers=2)  # fmt: skip
    runs = read_runs((tmp_path,), print)
    text = render(runs, compared(runs, resamples=200), [])
    told = "450 examples, 3 languages: de, ru and sw, 2 seeds"
    answer = text[text.index('<p class="answer">') : text.index("<nav")]
    assert told in answer or "300 examples, 3 languages: de, ru and sw, 1 seed" in answer
    assert f"<h4>sib200 <small>{told}</small></h4>" in text  # the forest
    assert 'data-size="450 examples\n3 languages: de, ru and sw\n2 seeds"' in text  # the matrix
    assert text.count('data-size="n 150"') == 2 * (3 + 1 + 3 + 3)  # groups of one language
    assert "2 seeds); 450 examples</li>" in text  # over several seeds
    assert "Each figure is a mean over 3 languages of 100 examples; one seed." in text  # by layer
    assert 'aria-label="none_s1, de: ' in text
    assert ' (n 150)"' in text  # by language
    assert '(3 languages of 150 examples)"' in text  # cost
    assert '(n 500)"' in text  # dev
    assert "400 steps; 2,000 examples; loss " in text
