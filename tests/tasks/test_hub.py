"""The Hub's layout in local folders, and in huggingface_hub's cache without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from datasets import ClassLabel, Dataset, Features, Value
from datasets.features import Sequence

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.tasks import hub
from adapterxlt.tasks.catalogue import catalogue, get_task
from adapterxlt.tasks.data_hash import data_hash
from adapterxlt.tasks.find import available_languages, find
from adapterxlt.tasks.read import read_bitext, read_examples
from adapterxlt.tasks.roots import resolve_roots

from .conftest import Write

NLI = Features(
    {
        "premise": Value("string"),
        "hypothesis": Value("string"),
        "label": ClassLabel(names=["entailment", "neutral", "contradiction"]),
    }
)
PAIRS = [
    {"premise": "A dog.", "hypothesis": "An animal.", "label": 0},
    {"premise": "A dog.", "hypothesis": "A cat.", "label": 2},
]
LABELLED = [PairExample("0", "A dog.", "An animal.", 0), PairExample("1", "A dog.", "A cat.", 2)]


def parquet(path: Path, rows: list[dict[str, Any]], features: Features | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Dataset.from_list(rows, features=features).to_parquet(str(path))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache of huggingface_hub, which must not ask the network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    hub._names.cache_clear()
    yield tmp_path / "cache"
    hub._names.cache_clear()


def snapshot(cache: Path, task: str) -> Path:
    """Where huggingface_hub keeps the pinned revision of a task's repository."""
    repository = get_task(task).hub
    assert repository is not None
    folder = cache / f"datasets--{repository.id.replace('/', '--')}"
    if "/" not in repository.revision:
        return folder / "snapshots" / repository.revision
    reference = folder / "refs" / repository.revision
    reference.parent.mkdir(parents=True, exist_ok=True)
    reference.write_text("0" * 40)
    return folder / "snapshots" / ("0" * 40)


def test_a_copy_of_a_repository_is_a_data_folder(tmp_path: Path) -> None:
    folder = tmp_path / "facebook" / "xnli"
    parquet(folder / "de" / "validation-00000-of-00001.parquet", PAIRS, NLI)
    task = get_task("xnli")
    assert available_languages(task, [tmp_path], "dev") == ("de",)
    assert read_examples(task, [tmp_path], "de", "dev") == LABELLED


def test_plain_numbers_mean_the_same_classes(tmp_path: Path) -> None:
    parquet(tmp_path / "facebook/xnli/de/validation-00000-of-00001.parquet", PAIRS)
    assert read_examples(get_task("xnli"), [tmp_path], "de", "dev") == LABELLED


def test_several_parts_are_read_in_order_with_distinct_ids(tmp_path: Path) -> None:
    folder = tmp_path / "facebook" / "anli" / "plain_text"
    for number in (1, 2, 3):
        rows = [{**PAIRS[0], "premise": f"round {number}"}]
        parquet(folder / f"dev_r{number}" / "0000.parquet", rows, NLI)
    examples = read_examples(get_task("anli"), [tmp_path], "en", "dev")
    assert [e.text_a for e in examples if isinstance(e, PairExample)] == [
        "round 1",
        "round 2",
        "round 3",
    ]
    assert len({example.id for example in examples}) == 3


def test_questions_tags_and_choices(tmp_path: Path) -> None:
    answers = {"text": ["Bonn"], "answer_start": [3]}
    rows = [
        {"id": "1", "title": "t", "context": "In Bonn.", "question": "Where?", "answers": answers},
        {"id": "2", "title": "t", "context": "In Bonn.", "question": "When?",
         "answers": {"text": [], "answer_start": []}},
    ]  # fmt: skip
    parquet(tmp_path / "rajpurkar/squad_v2/squad_v2/validation-00000-of-00001.parquet", rows)
    assert read_examples(get_task("squad_v2"), [tmp_path], "en", "dev") == [
        QAExample("1", "Where?", "In Bonn.", ((3, "Bonn"),)),
        QAExample("2", "When?", "In Bonn.", ()),
    ]
    # WikiANN's order of classes is not the catalogue's.
    features = Features(
        {
            "tokens": Sequence(Value("string")),
            "ner_tags": Sequence(ClassLabel(names=["O", "B-PER", "I-PER", "B-ORG"])),
        }
    )
    rows = [{"tokens": ["Ada", "spoke"], "ner_tags": [1, 0]}]
    parquet(tmp_path / "unimelb-nlp/wikiann/en/validation/0000.parquet", rows, features)
    labels = get_task("panx").labels
    assert read_examples(get_task("panx"), [tmp_path], "en", "dev") == [
        TaggingExample("0", ("Ada", "spoke"), (labels.index("B-PER"), labels.index("O")))
    ]
    choices = {"label": ["A", "B"], "text": ["a bank", "a mall"]}
    rows = [{"id": "x", "question": "Where?", "choices": choices, "answerKey": "B"}]
    parquet(tmp_path / "tau/commonsense_qa/data/validation-00000-of-00001.parquet", rows)
    assert read_examples(get_task("commonsenseqa"), [tmp_path], "en", "dev") == [
        ChoiceExample("0", "Where?", ("a bank", "a mall"), 1)
    ]


def test_what_xtreme_s_repository_holds(tmp_path: Path) -> None:
    tags = Sequence(ClassLabel(names=["ADJ", "NOUN", "VERB"]))
    rows: list[dict[str, Any]] = [{"tokens": ["Ada", "spricht"], "pos_tags": [1, 2]}]
    features = Features({"tokens": Sequence(Value("string")), "pos_tags": tags})
    parquet(tmp_path / "google/xtreme/udpos.German/test-00000-of-00001.parquet", rows, features)
    task = get_task("udpos")
    assert available_languages(task, [tmp_path], "test") == ("de",)
    assert read_examples(task, [tmp_path], "de", "test") == [
        TaggingExample("0", ("Ada", "spricht"), (task.labels.index("NOUN"), 15))
    ]
    assert task.labels[15] == "VERB"
    pairs = [("Hallo.", "Hello.", "deu", "eng"), ("Yes.", "Ja.", "eng", "deu")]
    keys = ("source_sentence", "target_sentence", "source_lang", "target_lang")
    path = tmp_path / "google/xtreme/tatoeba.deu/validation-00000-of-00001.parquet"
    parquet(path, [dict(zip(keys, pair, strict=True)) for pair in pairs])
    tatoeba = get_task("tatoeba")
    assert read_bitext(tatoeba, [tmp_path], "de") == Bitext(
        "de", ("Hallo.", "Ja."), ("Hello.", "Yes.")
    )
    parquet(path, [dict(zip(keys, ("Hallo.", "Salut.", "deu", "fra"), strict=True))])
    with pytest.raises(MissingDataError, match=":1: expected one sentence in English and one in"):
        read_bitext(tatoeba, [tmp_path], "de")


def test_copa_and_questions_in_another_language(tmp_path: Path) -> None:
    label = ClassLabel(names=["choice1", "choice2"])
    texts = dict.fromkeys(("premise", "choice1", "choice2", "question"), Value("string"))
    rows = [{"premise": "It rained.", "choice1": "a", "choice2": "b", "question": "effect"}]
    folder, features = tmp_path / "aps/super_glue/copa", Features({**texts, "label": label})
    parquet(folder / "train-00000-of-00001.parquet", [{**rows[0], "label": 1}], features)
    parquet(folder / "test-00000-of-00001.parquet", [{**rows[0], "label": -1}], features)
    context = "It rained. What happened as a result?"
    for split, right in (("train", 1), ("test", None)):
        assert read_examples(get_task("copa"), [tmp_path], "en", split) == [
            ChoiceExample("0", context, ("a", "b"), right)
        ]
    answers = {"text": ["Bonn"], "answer_start": [3]}
    row = {"id": "1", "context": "In Bonn.", "question": "¿Dónde?", "answers": answers}
    parquet(tmp_path / "facebook/mlqa/mlqa.en.es/test/0000.parquet", [row])
    task = get_task("mlqa_cross")
    assert available_languages(task, [tmp_path], "test") == ("en-es",)
    assert [e.id for e in read_examples(task, [tmp_path], "en-es", "test")] == ["1"]


def test_xglue_s_pairs(tmp_path: Path) -> None:
    """In the loader's columns, spelling mistakes and order of classes included."""
    folder = tmp_path / "hgissbkh" / "xglue"
    texts = {key: Value("string") for key in ("query", "web_page_title", "web_page_snippet")}
    rating = ClassLabel(names=["Bad", "Fair", "Good", "Excellent", "Perfect"])
    row = {"query": "maxpro", "web_page_title": "vivo", "web_page_snippet": "phones"}
    rows = [{**row, "relavance_label": 3}, {**row, "query": "", "relavance_label": 0}]
    features = Features({**texts, "relavance_label": rating})
    parquet(folder / "wpr/validation.zh-00000-of-00001.parquet", rows, features)
    assert read_examples(get_task("xglue_wpr"), [tmp_path], "zh", "dev") == [
        PairExample("0", "maxpro", "vivo phones", 3),
        PairExample("1", "", "vivo phones", 0),
    ]
    rows = [{"question": "who", "answer": "him", "label": 1}]
    texts = {key: Value("string") for key in ("question", "answer")}
    features = Features({**texts, "label": ClassLabel(names=["False", "True"])})
    parquet(folder / "qam/test.fr-00000-of-00001.parquet", rows, features)
    assert read_examples(get_task("xglue_qam"), [tmp_path], "fr", "test") == [
        PairExample("0", "who", "him", 1)
    ]
    rows = [{"query": "q", "ad_title": "t", "ad_description": "d", "relevance_label": 1}]
    texts = {key: Value("string") for key in ("query", "ad_title", "ad_description")}
    features = Features({**texts, "relevance_label": ClassLabel(names=["Bad", "Good"])})
    parquet(folder / "qadsm/test.de-00000-of-00001.parquet", rows, features)
    assert read_examples(get_task("xglue_qadsm"), [tmp_path], "de", "test") == [
        PairExample("0", "q", "t d", 1)
    ]
    # The order of its classes is not the catalogue's.
    names = ["foodanddrink", "sports", "travel", "finance", "lifestyle", "news"]
    texts = {key: Value("string") for key in ("news_title", "news_body")}
    features = Features({**texts, "news_category": ClassLabel(names=names)})
    rows = [{"news_title": "t", "news_body": "b", "news_category": 2}]
    parquet(folder / "nc/train-00000-of-00001.parquet", rows, features)
    nc = get_task("xglue_nc")
    assert read_examples(nc, [tmp_path], "en", "train") == [
        PairExample("0", "t", "b", nc.labels.index("travel"))
    ]
    assert available_languages(nc, [tmp_path], "train") == ("en",)
    with pytest.raises(MissingDataError, match="no train data of `xglue_nc` in language `de`"):
        read_examples(nc, [tmp_path], "de", "train")


def test_xglue_s_tags(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "hgissbkh" / "xglue"
    names = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG"]
    words = Sequence(Value("string"))
    features = Features({"words": words, "ner": Sequence(ClassLabel(names=names))})
    # English is tagged as IOB1: the second chunk of a kind begins with B- right after the first.
    rows = [{"words": ["Ada", "Lovelace", "Byron", "spoke"], "ner": [2, 2, 1, 0]}]
    parquet(folder / "ner/train-00000-of-00001.parquet", rows, features)
    ner = get_task("xglue_ner")
    [example] = read_examples(ner, [tmp_path], "en", "train")
    assert isinstance(example, TaggingExample)
    assert [ner.labels[tag] for tag in example.tags or ()] == ["B-PER", "I-PER", "B-PER", "O"]
    assert "converted 1 chunks from IOB1" in caplog.text
    features = Features({"words": words, "pos": Sequence(ClassLabel(names=["ADJ", "NOUN"]))})
    rows = [{"words": ["rojo"], "pos": [0]}]
    parquet(folder / "pos/test.es-00000-of-00001.parquet", rows, features)
    pos = get_task("xglue_pos")
    assert read_examples(pos, [tmp_path], "es", "test") == [TaggingExample("0", ("rojo",), (0,))]
    assert available_languages(pos, [tmp_path], "test") == ("es",)


def test_masakhanews(tmp_path: Path) -> None:
    texts = {key: Value("string") for key in ("headline", "text", "headline_text", "url")}
    features = Features({"label": ClassLabel(names=["business", "sports"]), **texts})
    rows = [{"label": 1, **dict.fromkeys(texts, "x"), "headline": "Bao"}]
    parquet(tmp_path / "masakhane/masakhanews/swa/masakhanews-test.parquet", rows, features)
    task = get_task("masakhanews")
    assert available_languages(task, [tmp_path], "test") == ("sw",)
    assert read_examples(task, [tmp_path], "sw", "test") == [
        PairExample("0", "Bao", "x", task.labels.index("sports"))
    ]


def test_a_task_of_several_is_read_from_their_repositories(cache: Path) -> None:
    parquet(snapshot(cache, "snli") / "plain_text/validation-0.parquet", PAIRS, NLI)
    parquet(snapshot(cache, "mnli") / "mnli/validation_matched-0.parquet", PAIRS, NLI)
    for number in (1, 2, 3):
        folder = snapshot(cache, "anli") / "plain_text" / f"dev_r{number}"
        parquet(folder / "0000.parquet", PAIRS[:1], NLI)
    roots = resolve_roots(["hub"], Path())
    assert available_languages(get_task("anli_plus"), roots, "dev") == ("en",)
    ids = [e.id for e in read_examples(get_task("anli_plus"), roots, "en", "dev")]
    assert ids[:4] == ["snli:0", "snli:1", "mnli:0", "mnli:1"]
    assert len(set(ids)) == 7


def test_tydiqa_s_languages_are_told_by_the_ids(tmp_path: Path) -> None:
    answers = {"text": ["Bonn"], "answer_start": [3]}
    rows = [
        {"id": f"{name}-1-0", "context": "In Bonn.", "question": name, "answers": answers}
        for name in ("english", "finnish", "english")
    ]
    rows[2]["id"] = "english-2-0"
    parquet(
        tmp_path / "google-research-datasets/tydiqa/secondary_task/validation/0000.parquet", rows
    )
    read = {
        language: [e.id for e in read_examples(get_task("tydiqa"), [tmp_path], language, "dev")]
        for language in ("en", "fi")
    }
    assert read == {"en": ["english-1-0", "english-2-0"], "fi": ["finnish-1-0"]}


def test_the_cache_serves_without_a_network(cache: Path) -> None:
    file = snapshot(cache, "xnli") / "de" / "validation-00000-of-00001.parquet"
    parquet(file, PAIRS, NLI)
    roots = resolve_roots(["hub"], Path())
    task = get_task("xnli")
    assert available_languages(task, roots, "dev") == ("de",)
    assert find(task, roots, "de", "dev").layout.name == "hub"
    assert read_examples(task, roots, "de", "dev") == LABELLED
    local = cache.parent / "facebook" / "xnli" / "de" / "validation-0.parquet"
    parquet(local, PAIRS, NLI)
    assert data_hash(task, roots, ["de"], "dev") == data_hash(task, [cache.parent], ["de"], "dev")


def test_what_the_cache_lacks(cache: Path) -> None:
    roots = resolve_roots(["hub"], Path())
    with pytest.raises(
        MissingDataError, match=r"facebook/xnli at b8dd5d\w+ is not in the cache"
    ) as caught:
        read_examples(get_task("xnli"), roots, "de", "dev")
    assert "give a folder" in str(caught.value)
    with pytest.raises(MissingDataError) as caught:
        find(get_task("bucc2018"), roots, "de", "test")
    assert "none for `bucc2018`; get it from the shared task's page" in str(caught.value)


def test_the_pinned_revision_is_asked_for(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def download(name: str, **settings: Any) -> str:
        asked.append({"name": name, **settings})
        return str(tmp_path / "snapshot")

    parquet(tmp_path / "snapshot" / "de" / "test-00000-of-00001.parquet", PAIRS, NLI)
    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    read_examples(get_task("xnli"), resolve_roots(["hub"], Path()), "de", "test")
    pinned = get_task("xnli").hub
    assert pinned is not None
    assert asked[0]["name"] == pinned.id
    assert asked[0]["revision"] == pinned.revision
    assert asked[0]["repo_type"] == "dataset"
    assert asked[0]["allow_patterns"] == ["de/test-*.parquet"]


def test_local_folders_come_before_the_hub(cache: Path, write: Write, tmp_path: Path) -> None:
    path = write("xnli/dev-de.tsv", "a\tb\tneutral\n")
    found = find(get_task("xnli"), [tmp_path, *resolve_roots(["hub"], Path())], "de", "dev")
    assert found.files == {"data": path}


def test_every_repository_is_pinned_and_read_by_a_layout() -> None:
    for task in catalogue().values():
        layouts = [layout for layout in task.layouts if layout.name == hub.LAYOUT]
        assert len(layouts) == (task.hub is not None), task.name
        if task.hub is None:
            continue
        revision = task.hub.revision
        assert len(revision) == 40 or revision == "refs/convert/parquet"
        for roles in layouts[0].files.values():
            for pattern in roles.values():
                assert pattern.startswith(f"{task.hub.id}/")
                # Data, never a script; some repositories have no Parquet files.
                plain = {"belebele": ".jsonl", "afrixnli": ".tsv"}
                assert pattern.endswith(plain.get(task.name, ".parquet"))
