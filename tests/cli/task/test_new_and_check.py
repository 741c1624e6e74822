from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapterxlt.cli.main import cli

ROWS = ["the sun shines,no rain today,same", "it rains,the sun shines,other"] * 3


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for language in ("de", "sw"):
        for split in ("train", "test"):
            path = tmp_path / f"pairs/{split}.{language}.csv"
            path.parent.mkdir(exist_ok=True)
            path.write_text("\n".join(["one,two,label", *ROWS]) + "\n")
    return tmp_path / "pairs"


def run(*arguments: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_new_then_check(data: Path) -> None:
    first, *more = sorted(data.glob("*.csv"))
    code, output = run("task", "new", "weather", "--from", first, *more)
    assert code == 0
    assert "languages, from the names of the files: de, sw" in output
    entry = data / "weather.yaml"
    assert "# labels of `label`: other, same" in entry.read_text()
    code, output = run("task", "check", entry)
    assert code == 0
    assert "de train: 6 examples (train.de.csv)\n  labels: other 3, same 3\n" in output
    assert "  6 examples have a text that is also in train\n" in output
    assert "  4 examples repeat an earlier one\n" in output


def test_check_as_json(data: Path) -> None:
    (data / "test.sw.csv").write_text("one,two,label\n ,b,same\nc,d,odd\n")
    (data / "train.sw.csv").write_text("one,two,label\n ,b,same\n")
    (data / "t.yaml").write_text(
        "kind: pair_classification\nlabels: [same, other]\nlanguages: [de, sw, yo]\n"
        "splits: [train, test]\nformat: csv\nfiles: '{split}.{lang}.csv'\n"
        "columns: {text_a: one, text_b: two, label: label}\n"
    )
    code, output = run("task", "check", data / "t.yaml", "--json")
    found = json.loads(output)
    assert code == 5
    assert not found["ok"]
    assert len(found["problems"]) == 1
    assert "test.sw.csv:3: unknown label `odd`" in found["problems"][0]
    parts = {(part["language"], part["split"]): part for part in found["parts"]}
    assert list(parts) == [("de", "train"), ("de", "test"), ("sw", "train")]
    assert parts["sw", "train"]["empty"] == 1
    assert parts["de", "test"]["labels"] == {"same": 3, "other": 3}
    assert found["missing"] == {"train": ["yo"], "test": ["yo"]}


def test_a_language_that_only_one_split_has_is_not_a_mistake(tmp_path: Path) -> None:
    rows = {
        "train": ["a film to see,good,en", "a film to miss,bad,en"] * 2,
        "test": ["this one is fine,good,en", "der hier ist schlecht,bad,de"] * 2,
    }
    for split, lines in rows.items():
        (tmp_path / f"{split}.csv").write_text("\n".join(["text,label,lang", *lines]) + "\n")
    entry = tmp_path / "t.yaml"
    files = sorted(tmp_path.glob("*.csv"))
    assert run("task", "new", "t", "--from", *files, "--out", entry)[0] == 0
    code, output = run("task", "check", entry)
    assert code == 0
    assert output.endswith("train: there are no examples in de\n")


def test_new_does_not_write_over_anything(data: Path) -> None:
    entry = data / "weather.yaml"
    entry.write_text("mine")
    code, output = run("task", "new", "weather", "--from", data / "train.de.csv")
    assert (code, entry.read_text()) == (2, "mine")
    assert "already exists" in output
    assert run("task", "new", "xnli", "--from", data / "train.de.csv")[0] == 2


@pytest.mark.parametrize("what", ["recipe", "task"])
def test_schema(what: str) -> None:
    code, output = run("schema", what)
    schema = json.loads(output)
    assert code == 0
    assert schema["$schema"].startswith("https://json-schema.org/")
    wanted = {"recipe": "stages", "task": "languages"}[what]
    assert wanted in schema["properties"]
    if what == "task":
        assert {"files", "columns", "like"} <= schema["properties"].keys()


PARALLEL = (
    "kind: text_classification\nlabels: [a, b]\nlanguages: [de, en]\nparallel: row\n"
    "format: csv\nfiles: '{lang}.{split}.csv'\nsplits: [test]\n"
    "columns: {text: text, label: label}\n"
)


@pytest.mark.parametrize(("more", "code"), [("", 5), ("unlabelled: [b]\n", 0)])
def test_rows_that_do_not_match(tmp_path: Path, more: str, code: int) -> None:
    (tmp_path / "en.test.csv").write_text("text,label\none text,a\nanother,b\n")
    (tmp_path / "de.test.csv").write_text("text,label\nein Text,a\n")
    entry = tmp_path / "t.yaml"
    entry.write_text(PARALLEL + more)
    found, output = run("task", "check", entry)
    assert found == code
    told = "but test has 1 example in de and 2 examples in en\n"
    assert (told in output) == bool(code)


def test_a_file_without_the_column_of_labels(tmp_path: Path) -> None:
    (tmp_path / "en.test.csv").write_text("text,label\none text,a\n")
    other = tmp_path / "de.test.csv"
    other.write_text("text,topic\nein Text,a\n")
    entry = tmp_path / "t.yaml"
    entry.write_text(PARALLEL)
    told = f"{other}: does not have the column `label`, only text, topic\n"
    code, output = run("task", "check", entry)
    assert code == 5
    assert f"  1 without a label: {told}" in output
    assert f"{told}  the test files of other languages have it; rename the column\n" in output
    (tmp_path / "en.test.csv").unlink()  # the labels of official test sets are withheld
    code, output = run("task", "check", entry)
    assert (code, told in output) == (0, True)


@pytest.mark.parametrize("name", ["../x y", "tö", "X", ""])
def test_a_name_that_is_none(data: Path, name: str) -> None:
    before = sorted(data.parent.rglob("*"))
    code, output = run("task", "new", name, "--from", data / "train.de.csv")
    assert code == 2
    assert output.startswith(f"error: `{name}` cannot be the name of a task\n")
    assert sorted(data.parent.rglob("*")) == before


def test_the_next_command_can_be_pasted(data: Path) -> None:
    entry = data / "t x.yaml"
    code, output = run("task", "new", "t", "--from", data / "train.de.csv", "--out", entry)
    assert code == 0
    assert output.endswith(f"then run: adapterxlt task check '{entry}'\n")


def test_numbers_are_reported_as_a_range(tmp_path: Path) -> None:
    (tmp_path / "en.train.csv").write_text("text,score\na b,4.5\nc d,1.2\ne f,3\ng h,2.25\n")
    assert run("task", "new", "t", "--from", tmp_path / "en.train.csv")[0] == 0
    code, output = run("task", "check", tmp_path / "t.yaml")
    assert (code, output) == (
        0,
        "en train: 4 examples (en.train.csv)\n  values: 1.2 to 4.5, mean 2.7375\n",
    )


def test_one_is_not_several(tmp_path: Path) -> None:
    (tmp_path / "en.train.csv").write_text("text,label\na b,x\n")
    output = run("task", "new", "t", "--from", tmp_path / "en.train.csv")[1]
    assert "text classification of 1 label, from 1 row\n" in output
    assert "en train: 1 example (en.train.csv)\n" in run("task", "check", tmp_path / "t.yaml")[1]


def test_entries_that_refer_to_one_another_are_checked_together(data: Path) -> None:
    (data / "t.yaml").write_text(
        "kind: pair_classification\nlabels: [same, other]\nlanguages: [de]\n"
        "splits: [train, test]\nformat: csv\nfiles: '{split}.{lang}.csv'\n"
        "columns: {text_a: one, text_b: two, label: label}\n"
    )
    (data / "more.yaml").write_text("like: t\nlanguages: [sw]\n")
    code, output = run("task", "check", data / "more.yaml")
    assert (code, "unknown task `t`" in output) == (3, True)
    code, output = run("task", "check", data / "more.yaml", data / "t.yaml")
    assert code == 0, output
    lines = [line for line in output.splitlines() if not line.startswith(" ")]
    assert lines == [
        "more:",
        "sw train: 6 examples (train.sw.csv)",
        "sw test: 6 examples (test.sw.csv)",
        "t:",
        "de train: 6 examples (train.de.csv)",
        "de test: 6 examples (test.de.csv)",
    ]
    (data / "test.sw.csv").write_text("one,two,label\nc,d,odd\n")
    code, output = run("task", "check", data / "more.yaml", data / "t.yaml", "--json")
    tasks = json.loads(output)["tasks"]
    assert (code, {one["task"]: one["ok"] for one in tasks}) == (5, {"more": False, "t": True})
