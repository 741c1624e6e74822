from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.errors import UsageError
from adapterxlt.languages import named_among, parse_tag, same_language, suggest_language
from adapterxlt.retrieval.scripts import NAMED_SCRIPTS, SCRIPTS, scripts_of
from adapterxlt.tasks.catalogue import Task, catalogue, get_task
from adapterxlt.tasks.task_languages import language_in

TASKS = [task for task in catalogue().values() if task.kind != "mlm"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("deu", ("de", "")), ("ger", ("de", "")), ("deu_Latn", ("de", "Latn")),
        ("zh-Hans", ("zh", "Hans")), ("zh_CN", ("zh", "")), ("cmn", ("zh", "")),
        ("zh-Hant-TW", ("zh", "Hant")), ("pt-BR", ("pt", "")), ("es-419", ("es", "")),
        ("DE", ("de", "")), ("arb_Arab", ("ar", "Arab")), ("pes", ("fa", "")),
        ("swh", ("sw", "")), ("iw", ("he", "")), ("gsw", ("gsw", "")),
        ("german", None), ("", None), ("de_", None), ("d", None),
    ],
)  # fmt: skip
def test_codes_of_other_standards_are_understood(
    written: str, meant: tuple[str, str] | None
) -> None:
    assert parse_tag(written) == meant


@pytest.mark.parametrize(
    ("written", "offered", "meant"),
    [
        ("deu", ["en", "de"], "de"),
        ("deu", ["de", "deu"], "deu"),  # what is offered means itself
        ("de", ["eng", "deu"], "deu"),
        ("zho_Hant", ["zh-Hans", "zh-Hant"], "zh-Hant"),
        ("zh", ["zh-Hans", "zh-Hant"], "zh"),  # which of them is not said
        ("zh_TW", ["zh-Hans"], "zh-Hans"),
        ("en-es", ["en-es", "es-en"], "en-es"),
        ("fra", ["de"], "fra"),
        ("german", ["de"], "german"),
    ],
)
def test_a_code_is_looked_for_among_those_offered(
    written: str, offered: list[str], meant: str
) -> None:
    assert named_among(written, offered) == meant


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_code_of_a_task_means_itself(task: Task) -> None:
    for code in (*task.languages, *task.iso3):
        assert language_in(task, code) == code


@pytest.mark.parametrize("name", ["tatoeba", "masakhanews"])
def test_the_names_of_a_tasks_files_mean_its_languages(name: str) -> None:
    task = get_task(name)
    for code, iso3 in task.iso3.items():
        assert language_in(task, iso3) == code
    assert language_in(task, "xyz") == "xyz"


def test_text_files_may_be_named_by_any_code() -> None:
    assert language_in(get_task("mlm"), "deu") == "deu"


def test_a_hint_compares_codes_with_codes() -> None:
    offered = ["de", "el", "eu"]
    assert suggest_language("fra", offered) == "known: de, el, eu"
    assert suggest_language("fr", offered) == "known: de, el, eu"
    assert suggest_language("deuu", offered) == "did you mean `de`?"
    assert suggest_language("dee", offered) == "did you mean `de`?"
    assert suggest_language("xx", offered) == "known: de, el, eu"
    for name in ("deutsch", "German", "한국어로도"):
        told = "give its code, such as `de`, `deu` or `deu_Latn`; known: de, el, eu"
        assert suggest_language(name, offered) == told


def test_scripts_are_known_by_any_code() -> None:
    assert scripts_of("deu") == scripts_of("de") == scripts_of("ger_Latn") == {"LATIN"}
    assert scripts_of("srp") == {"CYRILLIC", "LATIN"}
    assert scripts_of("srp_Cyrl") == {"CYRILLIC"}
    assert scripts_of("kas_Deva") == {"DEVANAGARI"}
    assert scripts_of("zh_CN") == scripts_of("zho_Hans") == SCRIPTS["zh"]
    with pytest.raises(UsageError, match="the script of the language `xxx` is unknown") as error:
        scripts_of("xxx")
    assert "did you mean" not in str(error.value.hint)


@given(st.sampled_from(sorted(SCRIPTS)), st.sampled_from(sorted(NAMED_SCRIPTS)))
def test_a_named_script_is_the_codes_own(code: str, script: str) -> None:
    assert scripts_of(f"{code}_{script}") == NAMED_SCRIPTS[script]


@given(st.text(max_size=12))
def test_any_text_is_a_code_or_none(written: str) -> None:
    tag = parse_tag(written)
    assert tag is None or parse_tag("_".join(filter(None, tag))) == tag
    named_among(written, ["de", "zh-Hans"])
    suggest_language(written, ["de", "zh-Hans"])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("en", "eng_Latn", True),
        ("deu", "ger", True),
        ("sr", "srp_Cyrl", True),
        ("srp_Cyrl", "srp_Latn", False),
        ("en", "de", False),
        ("en", "en-de", False),  # a pair of languages
        ("en-de", "en-de", True),
        ("mlqa.en", "en", False),
    ],
)
def test_codes_of_one_language(one: str, other: str, same: bool) -> None:
    assert same_language(one, other) == same_language(other, one) == same
