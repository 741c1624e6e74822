"""Evaluate stages that write prediction files, from the recipe to `score`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from adapterxlt.benchmarks.folder import score_benchmark
from adapterxlt.benchmarks.xglue import XGLUE
from adapterxlt.benchmarks.xtreme import XTREME
from adapterxlt.errors import InvalidRecipeError, MissingDataError
from adapterxlt.execution.run import RunResult, run_recipe
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.progress import Silent
from adapterxlt.recipe.load import load_recipe
from adapterxlt.results.export import exported
from tests import tiny

STAGES = """
  para: {train: pawsx}
  tags: {train: udpos}
  qa: {train: xquad, split: dev}
  p: {evaluate: para, on: pawsx, predictions: xtreme, split: SPLIT}
  t: {evaluate: tags, on: udpos, predictions: xtreme, split: SPLIT}
  q: {evaluate: qa, on: xquad, predictions: xtreme, split: SPLIT}
  g: {evaluate: para, on: pawsx, predictions: xglue, split: SPLIT}
"""


def squad(language: str, *, blanked: bool = False) -> str:
    paragraphs = []
    for number, context in enumerate(tiny.SENTENCES[:6]):
        word = context.split()[1]
        answer = {"text": "" if blanked else word, "answer_start": context.index(word)}
        question = {"id": f"{language}{number}", "question": f"What {number}?", "answers": [answer]}
        paragraphs.append({"context": context, "qas": [question]})
    return json.dumps({"data": [{"title": "t", "paragraphs": paragraphs}]})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """pawsx, udpos and xquad in en and de; the test files of the first two have no labels."""
    files = {}
    for language in ("en", "de"):
        pairs = [(a, b, i % 2) for i, (a, b) in enumerate(itertools.pairwise(tiny.SENTENCES))]
        words = [[(w, "NOUN" if i % 2 else "VERB") for i, w in enumerate(s.split())]
                 for s in tiny.SENTENCES[:6]]  # fmt: skip
        for split in ("train", "dev"):
            files[f"pawsx/{split}-{language}.tsv"] = "".join(
                f"{a}\t{b}\t{label}\n" for a, b, label in pairs
            )
            files[f"udpos/{split}-{language}.tsv"] = "".join(
                "".join(f"{word}\t{tag}\n" for word, tag in sentence) + "\n" for sentence in words
            )
        files[f"pawsx/test-{language}.tsv"] = "".join(f"{a}\t{b}\n" for a, b, _ in pairs[:3])
        files[f"udpos/test-{language}.tsv"] = "".join(
            "".join(f"{word}\n" for word, _ in sentence) + "\n" for sentence in words
        )
        files[f"xquad/xquad.{language}.json"] = squad(language)
    for name, text in files.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "data"


@pytest.fixture
def run(tmp_path: Path, data: Path, tiny_backbone: Path) -> Callable[[str], RunResult]:
    def go(stages: str) -> RunResult:
        path = tmp_path / "r.yaml"
        path.write_text(
            f"name: r\nbackbone: {tiny_backbone}\ndata: {data}\n"
            f"training: {{max_steps: 1, lr: 1e-3, max_length: 32, doc_stride: 8}}\nstages:{stages}"
        )
        loaded = load_recipe(path)
        return run_recipe(
            loaded.recipe,
            workdir=tmp_path / "work",
            sources=resolve_sources(loaded.recipe, loaded.base),
        )

    return go


def test_score_reads_back_the_same_numbers(
    run: Callable[[str], RunResult], data: Path, tmp_path: Path
) -> None:
    result = run(STAGES.replace("SPLIT", "dev"))
    assert result.failed == {}
    root = tmp_path / "work/predictions/r"
    assert result.predictions == [root / "p/para", root / "t/tags", root / "q/qa", root / "g/para"]
    rows = {(row.stage, row.language, row.metric): row.value for row in result.rows}
    for stage, folder, benchmark in (
        ("p", "p/para", XTREME),
        ("t", "t/tags", XTREME),
        ("q", "q/qa", XTREME),
    ):
        scored = score_benchmark(benchmark, root / folder, data, split="dev")
        (task,) = (task for task in scored.tasks if task.languages)
        assert set(task.languages) == {"en", "de"}
        for language, metrics in task.languages.items():
            for metric, value in metrics.items():
                if (stage, language, metric) in rows:
                    assert rows[stage, language, metric] == pytest.approx(value, abs=1e-12)
    exported_de = {
        block["task"][0]: block["predicted"]
        for block in exported([tmp_path / "work"], Silent())
        if block["language"][0] == "de"
    }
    assert exported_de["xquad"] == [
        *json.loads((root / "q/qa/xquad/dev-de.json").read_text()).values()
    ]
    tags = (root / "t/tags/udpos/dev-de.tsv").read_text().strip().split("\n\n")
    assert exported_de["udpos"] == [" ".join(lines.split()) for lines in tags]
    assert (root / "g/para/PAWSX/de.prediction").read_bytes() == (
        root / "p/para/pawsx/dev-de.tsv"
    ).read_bytes()
    lines = (data / "pawsx/dev-de.tsv").read_text().splitlines()
    (data / "pawsx/de").mkdir()
    (data / "pawsx/de/dev_2k.tsv").write_text("\n".join(["s1\ts2\tlabel", *lines]))
    scored = score_benchmark(XGLUE, root / "g/para", data, split="dev", tasks=["PAWSX"])
    accuracy = scored.tasks[0].languages["de"]["accuracy"]
    assert 100 * accuracy == pytest.approx(rows["g", "de", "accuracy"], abs=1e-12)


XGLUE_STAGES = """
  ner: {train: xglue_ner}
  pos: {train: xglue_pos}
  wpr: {train: xglue_wpr}
  n: {evaluate: ner, on: xglue_ner, predictions: xglue}
  p: {evaluate: pos, on: xglue_pos, predictions: xglue}
  w: {evaluate: wpr, on: xglue_wpr, predictions: xglue}
"""


def test_xglue_reads_back_the_same_numbers(
    run: Callable[[str], RunResult], data: Path, tmp_path: Path
) -> None:
    def tagged(tags: tuple[str, ...]) -> str:
        return "".join(
            "".join(f"{w} {tags[i % len(tags)]}\n" for i, w in enumerate(text.split())) + "\n"
            for text in tiny.SENTENCES[:8]
        )

    pages = "".join(
        f"{tiny.SENTENCES[i // 3]}\ta title\t{tiny.SENTENCES[i]}\t{i % 5}\n" for i in range(9)
    )
    files = {
        "NER/en.train": tagged(("B-PER", "I-PER", "O")),
        "NER/en.dev": tagged(("B-PER", "O", "B-LOC")),
        "POS/en.train": tagged(("NOUN", "VERB")),
        "POS/en.dev": tagged(("NOUN", "NOUN", "VERB")),
        "POS/de.dev": tagged(("NOUN", "X", "VERB")),
        "WPR/xglue.wpr.en.train": pages,
        "WPR/xglue.wpr.en.dev": pages,
    }
    for name, text in files.items():
        (data / name).parent.mkdir(exist_ok=True)
        (data / name).write_text(text)
    result = run(XGLUE_STAGES)
    assert result.failed == {}
    rows = {(row.task, row.language, row.metric): row.value for row in result.rows}
    compared = 0
    for folder in result.predictions:
        scored = score_benchmark(XGLUE, folder, data, split="dev")
        for task in scored.tasks:
            for language, metrics in task.languages.items():
                for metric in task.spec.means:
                    key = f"xglue_{task.spec.name.lower()}", language, metric
                    assert 100 * metrics[metric] == pytest.approx(rows[key], abs=1e-9)
                    compared += 1
    assert compared == 4


def retrieval_data(data: Path, languages: str, *, gold: bool) -> None:
    """Tatoeba in LASER's layout (one side English), BUCC in XTREME's; half of it is parallel."""
    texts = list(dict.fromkeys(tiny.SENTENCES))
    for language, iso3 in zip(languages.split(), ("deu", "fra"), strict=True):
        foreign = [f"{text} {language}" for text in texts]
        files = {
            f"tatoeba/v1/tatoeba.{iso3}-eng.{iso3}": "".join(f"{text}\n" for text in foreign),
            f"tatoeba/v1/tatoeba.{iso3}-eng.eng": "".join(f"{text}\n" for text in texts),
        }
        for split in ("dev", "test"):
            name = f"bucc2018/{language}-en.{split}"
            half = len(texts) // 2
            files[f"{name}.{language}"] = "".join(
                f"{language}-{i}\t{text}\n" for i, text in enumerate(foreign)
            )
            files[f"{name}.en"] = "".join(
                f"en-{i}\t{text}\n" for i, text in enumerate([*texts[:half], "Nothing like it."])
            )
            if gold or split == "dev":
                files[f"{name}.gold"] = "".join(f"{language}-{i}\ten-{i}\n" for i in range(half))
        for file, text in files.items():
            (data / file).parent.mkdir(parents=True, exist_ok=True)
            (data / file).write_text(text, encoding="utf-8")


RETRIEVAL = """
  s: {retrieve: none, on: tatoeba, languages: [de, fr], predictions: xtreme, PROTOCOL}
  m: {retrieve: none, on: bucc2018, languages: [de, fr], predictions: xtreme, PROTOCOL}
"""


@pytest.mark.parametrize(
    ("protocol", "layer"), [("layers: [1]", 1), ("protocol: jiant+csls, layers: all", None)]
)
def test_retrieval_is_submitted_as_xtreme_sorts_it_and_scores_the_same(
    run: Callable[[str], RunResult], data: Path, tmp_path: Path, protocol: str, layer: int | None
) -> None:
    retrieval_data(data, "de fr", gold=True)
    result = run(RETRIEVAL.replace("PROTOCOL", protocol))
    assert result.failed == {}
    root = tmp_path / "work/predictions/r"
    assert result.predictions == [root / "s/none", root / "m/none"]
    if layer is None:
        depth = max(row.layer or 0 for row in result.rows)
        layer = round(14 / 24 * depth)
    rows = {
        (row.stage, row.language, row.split, row.metric): row.value
        for row in result.rows
        if row.layer == layer
    }
    compared = 0
    for stage, split in (("s", "test"), ("m", "test"), ("m", "dev")):
        scored = score_benchmark(XTREME, root / stage / "none", data, split=split)
        for task in scored.tasks:
            for language, metrics in task.languages.items():
                for metric, value in metrics.items():
                    assert value == pytest.approx(rows[stage, language, split, metric], abs=1e-9)
                    compared += 1
    assert compared == 2 + 6 + 6
    # Line n is of the English sentence that is the n-th of all in the order of code points.
    english = (data / "tatoeba/v1/tatoeba.deu-eng.eng").read_text().splitlines()
    gold = "".join(f"{english.index(text)}\n" for text in sorted(english))
    (tmp_path / "labels/tatoeba").mkdir(parents=True)
    (tmp_path / "labels/tatoeba/test-de.tsv").write_text(gold)
    again = score_benchmark(XTREME, root / "s/none", tmp_path / "labels", tasks=["tatoeba"])
    assert again.tasks[0].languages["de"]["accuracy"] == rows["s", "de", "test", "accuracy"]


def test_a_mining_test_set_without_gold_is_submitted_at_the_threshold_of_dev(
    run: Callable[[str], RunResult], data: Path, tmp_path: Path
) -> None:
    retrieval_data(data, "de fr", gold=False)
    result = run(RETRIEVAL.replace("PROTOCOL", "layers: [0]"))
    assert result.failed == {}
    folder = tmp_path / "work/predictions/r/m/none/bucc2018"
    assert {row.split for row in result.rows if row.stage == "m"} == {"dev"}
    for language in ("de", "fr"):  # both splits hold the same sentences
        lines = (folder / f"test-{language}.tsv").read_text()
        assert lines == (folder / f"dev-{language}.tsv").read_text()
        assert lines.startswith(f"{language}-")


def test_several_layers_are_no_submission(run: Callable[[str], RunResult]) -> None:
    with pytest.raises(InvalidRecipeError, match="a submission uses one layer"):
        run("\n  s: {retrieve: none, on: tatoeba, layers: [0, 1], predictions: xtreme}\n")


def test_test_sets_without_labels_are_predicted_and_not_scored(
    run: Callable[[str], RunResult], tmp_path: Path
) -> None:
    result = run(STAGES.replace("SPLIT", "test"))
    assert result.failed == {}
    root = tmp_path / "work/predictions/r"
    assert len((root / "p/para/pawsx/test-de.tsv").read_text().splitlines()) == 3
    words = [len(sentence.split()) for sentence in tiny.SENTENCES[:6]]
    sentences = (root / "t/tags/udpos/test-en.tsv").read_text().strip().split("\n\n")
    assert [len(sentence.split("\n")) for sentence in sentences] == words
    assert len(json.loads((root / "q/qa/xquad/test-de.json").read_text())) == 6
    assert {row.task for row in result.rows} == {"xquad"}  # the only one with labels

    again = run(STAGES.replace("SPLIT", "test"))
    assert again.done == []
    assert again.predictions == result.predictions


def test_without_predictions_labels_are_needed(run: Callable[[str], RunResult]) -> None:
    with pytest.raises(MissingDataError, match="its examples have no label, so they cannot"):
        run("\n  para: {train: pawsx}\n  s: {evaluate: para, on: pawsx, split: test}\n")


def test_what_no_submission_has_is_refused(run: Callable[[str], RunResult]) -> None:
    with pytest.raises(InvalidRecipeError) as error:
        run(
            "\n  copa: {train: xcopa}"
            "\n  s: {evaluate: copa, on: xcopa, predictions: xtreme, cap: 5}\n"
        )
    assert "`xcopa` is not part of a submission to XTREME" in str(error.value)
    assert "stages.s.cap" in str(error.value)
