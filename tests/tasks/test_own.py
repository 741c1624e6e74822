from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from adapterxlt.cli.main import describe
from adapterxlt.errors import InvalidRecipeError, MissingDataError
from adapterxlt.recipe.load import load_recipe
from adapterxlt.tasks.catalogue import catalogue, source_of
from adapterxlt.tasks.data_hash import data_hash, scored_by
from adapterxlt.tasks.find import find
from adapterxlt.tasks.own import config_folder, own_catalogue
from adapterxlt.tasks.read import read_examples

ENTRY = """
kind: pair_classification
labels: [same, other]
languages: [eng_Latn, sr-Latn, pt-BR]
format: pair_records
files: {train: "pairs/{lang}.csv"}
columns: {text_a: one, text_b: two, label: label}
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return path


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    for language in ("eng_Latn", "sr-Latn", "pt-BR"):
        write(tmp_path / f"pairs/{language}.csv", "one,two,label\na,b,same\nc,d,other\n")
    return write(tmp_path / "my-pairs.yaml", ENTRY)


def problems(*paths: Path) -> list[str]:
    with pytest.raises(InvalidRecipeError) as caught:
        own_catalogue(paths)
    return [
        f"{problem.line}: {problem.path}: {problem.message} ({problem.hint})"
        for problem in caught.value.problems
    ]


def test_an_entry_says_little_and_means_all(entry: Path) -> None:
    task = own_catalogue([entry])["my-pairs"]
    assert (task.title, task.train, task.splits) == ("my-pairs", "my-pairs", ("train",))
    assert (task.metrics, task.main_metric) == (("accuracy",), "accuracy")
    assert task.home is not None
    assert task.home.file == entry


def test_its_data_may_lie_beside_it(entry: Path) -> None:
    task = own_catalogue([entry])["my-pairs"]
    for language in task.languages:
        assert [example.label for example in read_examples(task, [], language, "train")] == [0, 1]


def test_data_folders_come_first(entry: Path, tmp_path: Path) -> None:
    other = tmp_path / "data"
    write(other / "pairs/eng_Latn.csv", "one,two,label\nx,y,same\n")
    task = own_catalogue([entry])["my-pairs"]
    found = find(task, [other], "eng_Latn", "train")
    assert found.files["data"] == other / "pairs/eng_Latn.csv"


def test_a_link_out_of_the_entrys_folder_is_not_followed(entry: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    moved = write(inner / "my-pairs.yaml", ENTRY)
    (inner / "pairs").symlink_to(tmp_path / "pairs")
    task = own_catalogue([moved])["my-pairs"]
    with pytest.raises(MissingDataError):
        find(task, [], "eng_Latn", "train")
    assert find(task, [inner.parent], "eng_Latn", "train")


@pytest.mark.parametrize(
    "pattern", ["/etc/{lang}", "../{lang}.csv", "a/../../{lang}", "a//b", "a\\\\b", "{home}/x"]
)
def test_no_pattern_leaves_the_folder(tmp_path: Path, pattern: str) -> None:
    text = ENTRY.replace("pairs/{lang}.csv", pattern)
    (problem,) = problems(write(tmp_path / "t.yaml", text))
    assert problem.startswith("5: files.train")


def test_all_problems_have_their_lines(tmp_path: Path) -> None:
    text = ENTRY.replace("labels:", "lables:").replace("columns:", "colums:")
    text = text.replace("languages: [eng_Latn, ", "languages: [../x, ")
    found = problems(write(tmp_path / "t.yaml", text))
    assert "2: lables: is not a known key (did you mean `labels`?)" in found
    assert "6: colums: is not a known key (did you mean `columns`?)" in found
    assert any(p.startswith("3: languages[0]: `../x` is not a code") for p in found)


def test_labels_are_stated(tmp_path: Path) -> None:
    text = ENTRY.replace("labels: [same, other]\n", "")
    (problem,) = problems(write(tmp_path / "t.yaml", text))
    assert "labels: is missing" in problem
    assert "task new" in problem


def test_an_entry_of_pairs_names_their_columns(tmp_path: Path) -> None:
    for written in ("csv", "pair_tsv"):
        text = ENTRY.replace("pair_records", written)
        text = text.replace(
            "columns: {text_a: one, text_b: two, label: label}", "columns: {text_a: 0}"
        )
        found = problems(write(tmp_path / "t.yaml", text))
        assert [line.split(" (")[0].split(": ", 1)[1] for line in found] == [
            "columns: `text_b` is missing"
        ]


def test_no_code_comes_from_yaml(tmp_path: Path) -> None:
    text = ENTRY + 'title: !!python/object/apply:os.system ["true"]\n'
    found = problems(write(tmp_path / "t.yaml", text))
    assert any("the tag" in problem and "is not allowed" in problem for problem in found)


def test_a_built_in_task_is_not_hidden(tmp_path: Path) -> None:
    (problem,) = problems(write(tmp_path / "xnli.yaml", ENTRY))
    assert "`xnli` is already a built-in task" in problem


def test_two_entries_of_one_name(entry: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other/my-pairs.yml", ENTRY)
    (problem,) = problems(entry, other)
    assert f"`my-pairs` is also the name of {entry}" in problem
    assert own_catalogue([entry, entry.parent])["my-pairs"]  # one file, named twice


def test_like_a_built_in_task(tmp_path: Path) -> None:
    entry = write(tmp_path / "xnli-more.yaml", "like: xnli\nlanguages: [en, de, yo]\n")
    task = own_catalogue([entry])["xnli-more"]
    assert task.labels == catalogue()["xnli"].labels
    assert task.languages == ("en", "de", "yo")
    assert source_of(task, "train").name == "mnli"


def test_entries_like_each_other(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "like: b\n")
    write(tmp_path / "b.yaml", "like: a\n")
    write(tmp_path / "c.yaml", "like: xnil\n")
    found = problems(tmp_path)
    assert any("a -> b -> a" in problem for problem in found)
    assert any("did you mean `xnli`?" in problem for problem in found)


def test_training_splits_of_others(tmp_path: Path) -> None:
    fit = ENTRY.replace("train:", "test:")
    write(tmp_path / "a.yaml", fit + "train: mnli\n")
    write(tmp_path / "b.yaml", fit + "train: c\n")
    write(tmp_path / "c.yaml", fit + "train: b\n")
    write(tmp_path / "d.yaml", fit + "train: nothing\n")
    found = problems(tmp_path)
    assert any("their labels differ: `mnli`" in problem for problem in found)
    assert sum("has no training split" in problem for problem in found) == 2
    assert any("train: unknown task `nothing`" in problem for problem in found)


def test_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "there is no such file" in problems(tmp_path / "x.yaml")[0]
    assert "the folder has no entries" in problems(tmp_path / "empty")[0]


def test_comments_change_no_fingerprint(entry: Path) -> None:
    def of(text: str) -> tuple[str, str]:
        write(entry, text)
        task = own_catalogue([entry])["my-pairs"]
        return data_hash(task, [], ["eng_Latn"], "train"), scored_by(task)

    plain = of(ENTRY)
    assert of(f"# more\n{ENTRY}title: Pairs\nlicence: CC0\n") == plain
    assert of(ENTRY.replace("[eng_Latn, ", "[eng_Latn, deu_Latn, ")) == plain
    assert of(ENTRY.replace("[same, other]", "[other, same]"))[0] != plain[0]
    assert of(ENTRY.replace("text_a: one", "text_a: two"))[0] != plain[0]
    scored = of(f"{ENTRY}metrics: [f1, accuracy]\n")
    assert scored[0] == plain[0]
    assert scored[1] != plain[1]


def test_recipes_in_one_process_do_not_mix(entry: Path, tmp_path: Path) -> None:
    stages = "stages: {a: {train: {task: my-pairs, language: pt-BR}}}\n"
    with_it = write(tmp_path / "r.yaml", f"name: r\ntasks: my-pairs.yaml\n{stages}")
    without = write(tmp_path / "s.yaml", f"name: s\n{stages}")
    assert load_recipe(with_it).recipe.parts_of("a")[0].language == "pt-BR"
    with pytest.raises(InvalidRecipeError, match=r"s.yaml:2: stages.a.train.task: unknown task"):
        load_recipe(without)
    assert "my-pairs" in load_recipe(without, entries=[entry]).recipe.catalogue
    assert "my-pairs" not in catalogue()


def test_a_recipe_tells_of_its_entries(entry: Path, tmp_path: Path) -> None:
    write(entry, ENTRY.replace("kind: pair", "kind: pear"))
    recipe = write(tmp_path / "r.yaml", "tasks: [my-pairs.yaml]\nstages: {a: {train: my-pairs}}\n")
    with pytest.raises(InvalidRecipeError, match=r"my-pairs.yaml:1: kind: unknown kind of task"):
        load_recipe(recipe)


def test_the_users_configuration(
    entry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = write(
        tmp_path / "r.yaml", "name: r\nstages: {a: {train: {task: mine, language: pt-BR}}}\n"
    )
    write(tmp_path / "config/tasks/mine.yaml", ENTRY)
    monkeypatch.setenv("ADAPTERXLT_CONFIG", str(tmp_path / "config"))
    assert "mine" in load_recipe(recipe).recipe.catalogue
    monkeypatch.delenv("ADAPTERXLT_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config_folder() == tmp_path / "adapterxlt"


def test_a_file_tells_its_language(tmp_path: Path) -> None:
    text = ENTRY.replace("pairs/{lang}.csv", "pairs.csv")
    (found,) = problems(write(tmp_path / "mine.yaml", text))
    assert "`pairs.csv` does not tell which of the task's languages it is in" in found
    assert "write `{lang}` into the path; or say `language_of: {train: eng_Latn}`" in found
    for more in ("language_of: {train: sr-Latn}\n", "language_column: tongue\n"):
        own_catalogue([write(tmp_path / "mine.yaml", text + more)])
    alone = text.replace("[eng_Latn, sr-Latn, pt-BR]", "[eng_Latn]")
    own_catalogue([write(tmp_path / "mine.yaml", alone)])


def test_codes_that_name_columns_are_part_of_the_data(tmp_path: Path) -> None:
    write(tmp_path / "all.csv", "eng,nob,nno\na dog,en hund,ein hund\n")
    entry = """
        kind: sentence_retrieval
        languages: [nb]
        splits: [test]
        pivot: en
        format: csv
        files: {test: all.csv}
        columns: {source: "{source}", target: eng}
        iso3: {nb: nob, en: eng}
    """
    hashes = set()
    for code in ("nob", "nno"):
        path = write(tmp_path / "mine.yaml", entry.replace("nb: nob", f"nb: {code}"))
        hashes.add(data_hash(own_catalogue([path])["mine"], [], ["nb"], "test"))
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("mix/en.train.csv", "`mix/en.train.csv` does not contain `{split}`"),
        ("mix/{lang.csv", "`mix/{lang.csv` does not contain `{split}`"),
        ("mix/{lang.{split}.csv", "`mix/{lang.{split}.csv` has a brace without its other half"),
        ("../a/{lang}.{split}.csv", "`../a/{lang}.{split}.csv` is not a path inside"),
        ("/a/{lang}.{split}.csv", "`/a/{lang}.{split}.csv` is not a path inside"),
    ],
)
def test_a_pattern_of_all_splits_has_one_error(tmp_path: Path, pattern: str, told: str) -> None:
    text = ENTRY.replace('{train: "pairs/{lang}.csv"}', f'"{pattern}"')
    (problem,) = problems(write(tmp_path / "t.yaml", text))
    assert problem.startswith(f"5: files: {told}")


def test_problems_are_those_of_the_entry(tmp_path: Path) -> None:
    text = ENTRY.replace("labels:", "lables:").replace("columns:", "colums:")
    with pytest.raises(InvalidRecipeError) as caught:
        own_catalogue([write(tmp_path / "t.yaml", text)])
    assert describe(caught.value)[0].startswith("error: the entry has ")


def test_files_by_role_need_a_split(tmp_path: Path) -> None:
    text = "kind: sentence_retrieval\nlanguages: [de]\nformat: lines\n"
    entry = write(tmp_path / "t.yaml", f"{text}files: {{source: a.txt, target: b.txt}}\n")
    (problem,) = problems(entry)
    assert problem.startswith("4: files: does not name any split; write `{split}` into the paths")
