"""`adapterxlt predict`: files of every form in, lines out, wrong lines named."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import adapterxlt as xlt
from adapterxlt.applying.records import format_of
from adapterxlt.cli.main import cli
from tests.cli.conftest import Invoke

ADAPTERS = Path(__file__).resolve().parents[2] / "artifacts" / "adapters"
NLI, QA, POS = (str(ADAPTERS / name) for name in ("nli", "qa", "pos"))
PAIRS = [("A man is asleep.", "A man is awake."), ("Ein Hund läuft.", "Ein Tier bewegt sich.")]


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def predicted(invoke: Invoke, model: str, path: Path) -> list[dict[str, Any]]:
    """The lines of a command that succeeds."""
    out = path.with_name("out.jsonl")
    done = invoke("predict", model, path, "--out", out)
    assert (done.exit_code, done.output) == (0, "")
    return lines(out.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def expected() -> list[dict[str, Any]]:
    return [answer.as_dict() for answer in xlt.load(NLI).predict(PAIRS)]


def table(names: list[str], delimiter: str) -> str:
    file = io.StringIO()
    rows = [["id", *names], *([f"p{n}", *pair] for n, pair in enumerate(PAIRS))]
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue()


FILES = {
    "plain.txt": "".join(f"{a}\t{b}\r\n" for a, b in PAIRS),
    "keys.jsonl": "".join(
        json.dumps({"premise": a, "hypothesis": b, "id": f"p{n}"}) + "\n\n"
        for n, (a, b) in enumerate(PAIRS)
    ),
    "lists.jsonl": "".join(json.dumps(pair) + "\n" for pair in PAIRS),
    "kind.csv": "\ufeff" + table(["text_a", "text_b"], ","),
    "entry.tsv": table(["sentence1", "sentence2"], "\t"),
}


@pytest.mark.parametrize("name", FILES)
def test_forms_of_files(
    invoke: Invoke, tmp_path: Path, name: str, expected: list[dict[str, Any]]
) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name].encode())
    found = predicted(invoke, NLI, path)
    ids = [f"p{n}" if "p0" in FILES[name] else str(n) for n in range(2)]
    assert [line.pop("id") for line in found] == ids
    places = {"keys.jsonl": [1, 3], "kind.csv": [2, 3], "entry.tsv": [2, 3]}
    assert [line.pop("line") for line in found] == places.get(name, [1, 2])
    assert found == expected


def test_stdin_and_a_table_out(tmp_path: Path, expected: list[dict[str, Any]]) -> None:
    out = tmp_path / "out.csv.gz"
    text = FILES["plain.txt"]
    done = CliRunner().invoke(cli, ["predict", NLI, "-", "--out", str(out)], input=text)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(out.read_bytes()).decode())))
    assert [row["label"] for row in rows] == [line["label"] for line in expected]
    for row, line in zip(rows, expected, strict=True):
        scores = {label: float(row[f"score_{label}"]) for label in line["scores"]}
        assert scores == pytest.approx(line["scores"], abs=1e-6)
    assert "scores" not in rows[0]
    assert [row["truncated"] for row in rows] == ["false", "false"]


def test_words_in_columns(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    text = "# text = Dogs bark .\n1-2\tDogsbark{}\n1\tDogs{}\n2\tbark{}\n3\t.{}\n\n-DOCSTART- O\n\n"
    path.write_text(text.format(*["\t_" * 8] * 4) + "He PRON\nruns VERB\n", encoding="utf-8")
    found = predicted(invoke, POS, path)
    model = xlt.load(POS)
    for line, words in zip(found, (["Dogs", "bark", "."], ["He", "runs"]), strict=True):
        assert tuple(line["tags"]) == model.predict(words).tags
    assert [line["line"] for line in found] == [3, 9]
    (tmp_path / "a.txt").write_text("Dogs bark .\nHe runs\n", encoding="utf-8")
    plain = predicted(invoke, POS, tmp_path / "a.txt")
    assert [line["tags"] for line in plain] == [line["tags"] for line in found]


WRONG = b'["a", "b"]\nno\n[1, "b"]\n{"premise": "a"}\n["a\xff", "b"]\n[["a"], "b"]\n["c", "d"]\n'
TOLD = {
    2: "is not JSON: Expecting value",
    3: "the first text must be a text, not int 1",
    4: "has no `hypothesis`; it has premise",
    5: "is not UTF-8; save the file as UTF-8",
    6: "the first text must be a text, not a list of 1",
}


def test_a_wrong_line_is_named_before_the_work(invoke: Invoke, tmp_path: Path) -> None:
    path, out = tmp_path / "a.jsonl", tmp_path / "out.jsonl"
    path.write_bytes(WRONG)
    out.write_text("kept")
    done = invoke("predict", NLI, path, "--out", out)
    assert done.exit_code == 5
    hint = "correct the line, or use --skip-errors to skip invalid lines"
    assert done.stderr == f"error: {path}:2: {TOLD[2]}\n  {hint}\n"
    assert out.read_text() == "kept"


def test_wrong_lines_are_left_out_where_asked(
    invoke: Invoke, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(WRONG)
    done = invoke("predict", NLI, path, "--skip-errors")
    assert done.exit_code == 0
    assert [(line["line"], line["id"]) for line in lines(capfd.readouterr().out)] == [
        (1, "0"),
        (7, "6"),
    ]
    told = [f"skipped: {path}:{line}: {what}" for line, what in TOLD.items()]
    assert done.stderr.splitlines() == [*told, "skipped 5 of 7 inputs"]


def test_an_id_that_cannot_be_written_is_a_wrong_line(invoke: Invoke, tmp_path: Path) -> None:
    path, out = tmp_path / "a.jsonl", tmp_path / "out.jsonl"
    path.write_text('{"id": "a\\ud83d", "text_a": "a", "text_b": "b"}\n["c", "d"]\n')
    done = invoke("predict", NLI, path, "--out", out)
    assert done.exit_code == 5
    assert f"{path}:1: `id` holds U+D83D, which is half of a character" in done.stderr
    assert not out.exists()
    assert invoke("predict", NLI, path, "--out", out, "--skip-errors").exit_code == 0
    assert [line["id"] for line in lines(out.read_text())] == ["1"]


def test_a_row_is_an_input_as_in_the_task_s_data(
    invoke: Invoke, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.tsv"
    path.write_text('premise\thypothesis\nA\t"Stop!" he cried.\nB\t"No\nC\tD"\n')
    assert invoke("predict", NLI, path).exit_code == 0
    found = lines(capfd.readouterr().out)
    assert [line["line"] for line in found] == [2, 3, 4]
    pairs = [("A", '"Stop!" he cried.'), ("B", '"No'), ("C", 'D"')]
    expected = [answer.scores for answer in xlt.load(NLI).predict(pairs)]
    assert [line["scores"] for line in found] == expected
    path = path.rename(tmp_path / "a.csv")
    path.write_text('premise,hypothesis\nA,"B\nC,D\nE,F\n')
    for options in ((), ("--skip-errors",)):
        done = invoke("predict", NLI, path, *options)
        assert done.exit_code == 5
        assert f"{path}:2: is not CSV: unexpected end of data" in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "code", "told"),
    [
        ("a.csv", "premise,other\nx,y\n", 5, "a.csv:1: there is no column `hypothesis`"),
        ("a.csv", "premise;hypothesis\nx;y\n", 5, "seem to be separated by semicolons"),
        ("a.csv", "premise,hypothesis\nx\n", 5, "a.csv:2: has 1 column, but the header has 2"),
        ("a.csv", "premise,hypothesis\n", 5, "does not contain any inputs"),
        ("a.txt", "", 5, "does not contain any inputs"),
        ("a.txt", "a\tb\n \n", 5, "a.txt:2: is blank"),
        (
            "a.txt",
            "one\n",
            5,
            "2 texts separated by tabs (premise, hypothesis), but has 1",
        ),
        ("a.jsonl", "3\n", 5, "must be a JSON object with the keys `premise` and `hypothesis`"),
        ("a.xlsx", "", 2, "save the table as CSV"),
        ("a.dat", "a\tb\n", 2, "its name does not tell its format"),
        ("a.conll", "a\nb\n", 2, "words in columns are read for tagging"),
        ("gone.txt", None, 5, "gone.txt"),
    ],
)
def test_what_cannot_be_read(
    invoke: Invoke, tmp_path: Path, name: str, content: str | None, code: int, told: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    done = invoke("predict", NLI, tmp_path / name)
    assert (done.exit_code, done.stdout) == (code, "")
    assert told in done.stderr


def test_what_no_model_is_or_predicts(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("a\tb\n")
    for arguments, told in (
        (("nowhere:nli", path), "there is no work folder `nowhere`"),
        ((ADAPTERS, path), "is neither the folder of a model nor a work folder"),
        (("mini", path), "has no head, so it predicts nothing"),
        ((NLI, path, "--task", "udpos"), "does not predict `udpos`"),
        ((NLI, path, "--language", "de"), "does not stand on language adapters"),
        ((NLI, path, "--out", path), "which is an input"),
    ):
        done = invoke("predict", *arguments)
        assert done.exit_code == 2, arguments
        assert told in done.stderr
    assert path.read_text() == "a\tb\n"
    bundled = invoke("predict", "qa", path)
    assert bundled.exit_code == 5
    assert f"comes with the package; give its folder: {QA}" in bundled.stderr
    like = invoke("predict", NLI, path, "--task", "xnli")
    assert like.exit_code == 0


@pytest.mark.parametrize(
    ("text", "form"), [(b' {"text": "a"}', "jsonl"), (b"a\tb", "lines"), (b"", "lines")]
)
def test_stdin_tells_its_form(text: bytes, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BufferedReader(io.BytesIO(text)))
    monkeypatch.setattr("sys.stdin", stream)
    assert format_of(Path("-"), None) == form
    assert stream.buffer.read() == text
    assert format_of(Path("-"), "csv") == "csv"
