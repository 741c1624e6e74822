from __future__ import annotations

import pytest
from pydantic import ValidationError

from adapterxlt.errors import UsageError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.tasks.catalogue import Task, catalogue, compatible, get_task, source_of
from adapterxlt.tasks.read import BITEXT_READERS, EXAMPLE_READERS, MINING_READERS
from adapterxlt.tasks.task_languages import may_be_in

# Columns that a format cannot do without.
NEEDS = {
    "pair_tsv": {"text_a", "text_b", "label"},
    "pair_records": {"text_a", "text_b", "label"},
    "choice_records": {"context", "choices", "label"},
    "tagging_records": {"words", "tags"},
    "labelled_texts": {"text", "label"},
    "valued_texts": {"text", "value"},
}
OPTIONAL = {"id", "question", "choice_start", "text_pair"}
CONLL = {"token", "tag"}
# As XTREME's evaluate.py, XTREME-R and XGLUE's README list them; XCOPA's English is COPA.
PANX = (
    "ar he vi id jv ms tl eu ml ta te af nl en de el bn hi mr ur fa fr it pt es bg ru ja ka ko th "
    "sw yo my zh kk tr et fi hu"
)
LANGUAGES = {
    "bucc2018": "de fr ru zh",
    "mlqa": "en es de ar hi vi zh",
    "panx": PANX,
    "pawsx": "de en es fr ja ko zh",
    "tatoeba": " ".join(code for code in PANX.split() if code not in {"en", "ms", "my", "yo"}),
    "tydiqa": "en ar bn fi id ko ru sw te",
    "udpos": "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl "
    "tr ur vi yo zh",
    "xcopa": "en et ht id it qu sw ta th tr vi zh",
    "xglue_mlqa": "ar de en es hi vi zh",
    "xglue_nc": "de en es fr ru",
    "xglue_ner": "de en es nl",
    "xglue_pawsx": "de en es fr",
    "xglue_pos": "pl ar ru bg de el en es fr hi it nl pt th tr ur vi zh",
    "xglue_qadsm": "de en fr",
    "xglue_qam": "de en fr",
    "xglue_wpr": "de en es fr it pt zh",
    "xglue_xnli": "ar bg de el en es fr hi ru sw th tr ur vi zh",
    "xnli": "ar bg de el en es fr hi ru sw th tr ur vi zh",
    "xquad": "en es de el ru tr ar vi th zh hi",
}
BENCHMARKS = {
    "intermediate": [
        "anli_plus", "ccg", "commonsenseqa", "cosmosqa", "hellaswag", "mnli", "qqp", "squad",
        "squad_v2",
    ],
    "xtreme": [
        "bucc2018", "mlqa", "panx", "pawsx", "tatoeba", "tydiqa", "udpos", "xnli", "xquad",
    ],
    "xtreme-r": ["xcopa"],
    "xglue": [name for name in LANGUAGES if name.startswith("xglue_")],
}  # fmt: skip


@pytest.mark.parametrize("benchmark", sorted(BENCHMARKS))
def test_tasks_of_the_benchmarks(benchmark: str) -> None:
    there = [task.name for task in catalogue().values() if benchmark in task.benchmarks]
    assert there == BENCHMARKS[benchmark]
    assert list(catalogue()) == sorted(catalogue())


@pytest.mark.parametrize("name", sorted(LANGUAGES))
def test_languages(name: str) -> None:
    assert sorted(get_task(name).languages) == sorted(LANGUAGES[name].split())


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_entry_says_what_it_is(name: str) -> None:
    task = get_task(name)
    assert task.title
    assert task.licence
    assert task.citation
    assert len(task.languages) == len(set(task.languages)) > 0
    if task.hub is not None:
        assert any(layout.name == "hub" for layout in task.layouts)
        assert task.hub.revision == "refs/convert/parquet" or len(task.hub.revision) == 40


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_every_entry_can_be_read_and_scored(name: str) -> None:
    task = get_task(name)
    readers = {**EXAMPLE_READERS, **BITEXT_READERS, **MINING_READERS}
    for layout in task.layouts:
        assert layout.format in readers
        needed = NEEDS.get(layout.format, set())
        may = CONLL if layout.format == "conll" else needed | OPTIONAL if needed else set()
        assert needed <= set(layout.columns) <= may
        for files in layout.files.values():
            assert set(layout.optional) <= set(files)
    if get_kind(task.kind).trainable:
        assert task.train is not None
        trained = get_task(task.train)
        assert source_of(task, "train") == source_of(trained, "train")
        assert compatible(trained, task) is None
    else:
        assert task.train is None


def test_an_unknown_task_gets_a_suggestion() -> None:
    with pytest.raises(UsageError, match="unknown task `xnil`") as caught:
        get_task("xnil")
    assert caught.value.hint == "did you mean `xnli`?"


def test_training_splits_come_from_the_paired_task() -> None:
    assert source_of(get_task("xnli"), "train").name == "mnli"
    assert source_of(get_task("xquad"), "train").name == "squad"
    assert source_of(get_task("xcopa"), "train").name == "copa"
    assert source_of(get_task("udpos"), "train").name == "udpos"
    assert source_of(get_task("xnli"), "dev").name == "xnli"
    with pytest.raises(UsageError, match="`tatoeba` has no split `train`"):
        source_of(get_task("tatoeba"), "train")
    with pytest.raises(UsageError, match="`mnli` has no split `test`"):
        source_of(get_task("mnli"), "test")


def test_compatible() -> None:
    assert compatible(get_task("snli"), get_task("xnli")) is None
    assert compatible(get_task("siqa"), get_task("xcopa")) is None
    assert compatible(get_task("squad"), get_task("xquad")) is None
    reason = compatible(get_task("snli"), get_task("pawsx"))
    assert reason is not None
    assert "labels differ" in reason
    reason = compatible(get_task("udpos"), get_task("xnli"))
    assert reason == "`udpos` is tagging, `xnli` is pair classification"
    assert compatible(get_task("udpos"), get_task("panx")) is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"main_metric": "bleu"}, "main metric `bleu`"),
        ({"splits": ["train"]}, "unknown splits"),
        ({"labels": ["yes"]}, "unknown labels"),
        ({"colour": "red"}, "colour"),
        ({"members": ["mnli"]}, "either layouts or members"),
        ({"layouts": []}, "either layouts or members"),
    ],
)
def test_an_inconsistent_entry_is_refused(change: dict[str, object], message: str) -> None:
    entry = get_task("xnli").model_dump()
    with pytest.raises(ValidationError, match=message):
        Task.model_validate({**entry, **change})


@pytest.mark.parametrize(
    ("task", "language", "possible"),
    [
        ("xquad", "de", True),
        ("xquad", "ro", True),  # XTREME-R's
        ("panx", "qu", True),
        ("xquad", "xq", False),  # no language that the catalogue knows
        ("xquad", "en-de", False),
        ("mlqa_cross", "en-de", True),
        ("mlqa_cross", "fr", False),
        ("mnli", "de", False),  # its files tell no language
        ("tatoeba", "gsw", True),
        ("tatoeba", "xq", False),
        ("mlm", "gd", True),
    ],
)
def test_languages_that_can_be_asked_for_by_name(task: str, language: str, possible: bool) -> None:
    assert may_be_in(get_task(task), language) == possible
