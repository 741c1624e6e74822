from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.find import available_languages, find, has_files

from .conftest import Write


def test_the_first_folder_wins(write: Write, tmp_path: Path) -> None:
    write("b/xnli/dev-de.tsv", "x")
    expected = write("a/xnli/dev-de.tsv", "x")
    found = find(get_task("xnli"), [tmp_path / "a", tmp_path / "b"], "de", "dev")
    assert found.files == {"data": expected}
    assert (found.task.name, found.language, found.split) == ("xnli", "de", "dev")


def test_training_files_of_another_task(write: Write, tmp_path: Path) -> None:
    path = write("xnli/train-en.tsv", "x")
    found = find(get_task("xnli"), [tmp_path], "en", "train")
    assert found.task.name == "mnli"
    assert found.layout.name == "xtreme"
    assert found.files == {"data": path}


def test_a_file_without_a_language_in_its_name_serves_only_the_task_s_own(
    write: Write, tmp_path: Path
) -> None:
    write("mnli/dev.jsonl", "x")
    with pytest.raises(MissingDataError, match="in language `de`") as caught:
        find(get_task("mnli"), [tmp_path], "de", "dev")
    assert "files exist for these languages: en" in str(caught.value)


def test_an_optional_file_may_be_missing(write: Write, tmp_path: Path) -> None:
    write("bucc2018/de-en.test.de", "x")
    write("bucc2018/de-en.test.en", "x")
    assert set(find(get_task("bucc2018"), [tmp_path], "de", "test").files) == {"source", "target"}


def test_the_error_lists_every_path(write: Write, tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    with pytest.raises(MissingDataError) as caught:
        find(get_task("squad_v2"), [a, b], "en", "dev")
    assert caught.value.message == "no dev data of `squad_v2` in language `en`"
    looked = [line for line in str(caught.value.hint).split("\n  ") if "hub" not in line]
    assert looked == [
        f"looked for layout squad: {a}/squad/dev-v2.0.json",
        f"looked for layout jiant: {a}/squad_v2/dev-v2.0.json",
        f"looked for layout squad: {b}/squad/dev-v2.0.json",
        f"looked for layout jiant: {b}/squad_v2/dev-v2.0.json",
    ]


def test_a_dev_split_is_pointed_out_where_there_is_no_training_split(
    write: Write, tmp_path: Path
) -> None:
    write("pawsx/dev-en.tsv", "x")
    with pytest.raises(MissingDataError, match="its dev split exists: use `split: dev`"):
        find(get_task("pawsx"), [tmp_path], "en", "train")
    with pytest.raises(MissingDataError) as caught:
        find(get_task("pawsx"), [tmp_path], "de", "train")
    assert "--trial" not in str(caught.value)
    write("snli/dev.jsonl", "x")  # of ANLI+, which has no dev split without the other members
    with pytest.raises(MissingDataError) as caught:
        find(get_task("anli_plus"), [tmp_path], "en", "train")
    assert "--trial" not in str(caught.value)


def test_no_folder_at_all() -> None:
    with pytest.raises(MissingDataError, match="the recipe has no data folder"):
        find(get_task("xnli"), [], "de", "dev")


def test_a_language_the_task_is_never_in(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="`mnli` has only these languages: en"):
        find(get_task("mnli"), [tmp_path], "de", "dev")


def test_all_languages_are_the_benchmark_s_in_its_order(write: Write, tmp_path: Path) -> None:
    for code in ("tr", "de", "en", "sw", "qq"):
        write(f"pawsx/dev-{code}.tsv", "x")
    write("pawsx/dev-en.tsv.bak", "x")
    write("pawsx/dev-.tsv", "x")
    write("pawsx/test-fr.tsv", "x")
    task = get_task("pawsx")
    assert available_languages(task, [tmp_path], "dev") == ("de", "en")
    # Others are read when asked for by name, and named where one is missing.
    assert find(task, [tmp_path], "sw", "dev").files["data"].name == "dev-sw.tsv"
    assert [has_files(task, [tmp_path], code, "dev") for code in ("sw", "fr")] == [True, False]
    with pytest.raises(
        MissingDataError, match="files exist for these languages: de, en, qq, sw, tr"
    ):
        find(task, [tmp_path], "fr", "dev")


def test_available_languages_needs_all_files(write: Write, tmp_path: Path) -> None:
    write("bucc2018/de-en.dev.de", "x")
    write("bucc2018/ru-en.dev.ru", "x")
    write("bucc2018/ru-en.dev.en", "x")
    write("bucc2018/zh-en.dev.xx", "x")
    assert available_languages(get_task("bucc2018"), [tmp_path], "dev") == ("ru",)


def test_tatoeba_lists_xtreme_s_languages_and_reads_any(write: Write, tmp_path: Path) -> None:
    for code in ("cmn", "swh", "ang", "swe"):
        write(f"tatoeba/v1/tatoeba.{code}-eng.{code}", "x")
        write(f"tatoeba/v1/tatoeba.{code}-eng.eng", "x")
    task = get_task("tatoeba")
    assert available_languages(task, [tmp_path], "test") == ("sw", "zh")
    for language, code in (("ang", "ang"), ("sv", "swe"), ("swe", "swe")):
        source = find(task, [tmp_path], language, "test").files["source"]
        assert source.name == f"tatoeba.{code}-eng.{code}"


def test_available_training_languages_are_those_of_the_training_task(
    write: Write, tmp_path: Path
) -> None:
    write("xnli/train-en.tsv", "x")
    assert available_languages(get_task("xnli"), [tmp_path], "train") == ("en",)


@pytest.mark.parametrize("wrapper", ["download", "xglue_full_dataset", "tasks/data", "data"])
def test_files_inside_the_folders_that_downloads_make(
    write: Write, tmp_path: Path, wrapper: str
) -> None:
    path = write(f"{wrapper}/xnli/dev-de.tsv", "x")
    assert find(get_task("xnli"), [tmp_path], "de", "dev").files == {"data": path}
    assert available_languages(get_task("xnli"), [tmp_path], "dev") == ("de",)


def test_a_file_in_several_parts(write: Write, tmp_path: Path) -> None:
    first = write("facebook/xnli/de/validation-00000-of-00002.parquet", "x")
    second = write("facebook/xnli/de/validation-00001-of-00002.parquet", "x")
    files = find(get_task("xnli"), [tmp_path], "de", "dev").files
    assert files == {"data": first, "data-1": second}


def test_a_task_of_several_needs_all_their_files(write: Write, tmp_path: Path) -> None:
    task = get_task("anli_plus")
    write("snli/dev.jsonl", "x")
    write("mnli/dev.jsonl", "x")
    assert available_languages(task, [tmp_path], "dev") == ()
    with pytest.raises(MissingDataError, match="no dev data of `anli` in language `en`"):
        find(task, [tmp_path], "en", "dev")
    write("anli/dev.jsonl", "x")
    assert available_languages(task, [tmp_path], "dev") == ("en",)
    assert find(task, [tmp_path], "en", "dev").task.name == "snli"
