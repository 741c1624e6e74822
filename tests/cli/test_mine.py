from __future__ import annotations

import csv
import gzip
import json
import lzma
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapterxlt.cli.main import cli
from adapterxlt.cli.mine import Size
from tests import tiny

SOURCE = list(dict.fromkeys(tiny.SENTENCES))[:14]


@pytest.fixture
def mine(tiny_backbone, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").write_text("\n".join([*SOURCE, "", SOURCE[0]]) + "\n", encoding="utf-8")
    target = [*SOURCE[9::-1], "something else\tentirely", "1234"]
    (tmp_path / "trg").write_text("\n".join(target) + "\n", encoding="utf-8")

    def run(*arguments):
        given = ["mine", "src", "trg", "--out", "pairs.tsv", "--backbone", str(tiny_backbone)]
        return CliRunner().invoke(cli, [*given, *arguments])

    return run


def pairs(tmp_path):
    text = (tmp_path / "pairs.tsv").read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()]


def test_planted_pairs_come_first(mine, tmp_path):
    result = mine("--top", "10", "--json")
    assert result.exit_code == 0, result.output
    found = pairs(tmp_path)
    assert {(left, right) for _, left, right in found} == {(s, s) for s in SOURCE[:10]}
    scores = [float(score) for score, *_ in found]
    assert scores == sorted(scores, reverse=True)
    summary = json.loads(result.stdout)
    assert summary["source"]["lines"] == 16
    assert (summary["source"]["blank"], summary["source"]["repeated"]) == (1, 1)
    assert summary["source"]["kept"] == 14
    assert summary["pairs"]["written"] == 10
    assert summary["pairs"]["beyond top"] == summary["pairs"]["found"] - 10
    assert summary["index"]["index"] == "flat"
    assert not (tmp_path / "pairs.tsv.work").exists()


def test_the_threshold_and_line_numbers(mine, tmp_path):
    assert mine("--line-numbers", "--top", "10").exit_code == 0
    rows = pairs(tmp_path)
    # Source line i is target line 11 - i.
    assert all(int(left) + int(right) == 11 for _, left, right, *_ in rows)
    cut = float(rows[4][0])  # printed with six decimals
    result = mine("--threshold", str(cut - 1e-6))
    assert len(pairs(tmp_path)) == 5
    assert "below threshold" in result.stdout


def test_the_same_bytes_again_and_out_of_a_kept_work_folder(mine, tmp_path):
    mine("--workdir", "w")
    first = (tmp_path / "pairs.tsv").read_bytes()
    again = mine("--workdir", "w")
    assert "the neighbours were already computed" in again.stderr
    assert (tmp_path / "pairs.tsv").read_bytes() == first
    mine("--index", "flat")
    assert (tmp_path / "pairs.tsv").read_bytes() == first


def test_one_sentence_a_side_and_tabs_in_text(mine, tmp_path):
    (tmp_path / "src").write_text("only\tone\n", encoding="utf-8")
    (tmp_path / "trg").write_text("only\tone\n", encoding="utf-8")
    assert mine().exit_code == 0
    assert pairs(tmp_path) == [["1.000000", "only one", "only one"]]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--memory", "lots"], 2, "not a size such as 4GB"),
        (["--memory", "10MB"], 2, "--memory allows"),
        (["--protocol", "jiantt"], 2, "did you mean `jiant`"),
        (["--index", "ivf"], 2, "unknown index `ivf`"),
        (["--layer", "9"], 2, "the layers 0 (embeddings) to 2\n"),  # `all` is not for one layer
        (["--layer", "all"], 2, "`all` is not one layer; give its number; `adapterxlt retrieve"),
        (["--layer", "first"], 2, "'first' is not a valid whole number"),
        (["--top", "many"], 2, "'many' is not a valid whole number"),
        (["--src-lang", "xx"], 2, "the script of the language"),
        (
            ["--trg-lang", "xxx", "--backbone", "nowhere"],
            2,
            "the script of the language",
        ),  # seen first
        (["--src-lang", "ru"], 5, "14 wrong script|15 wrong script"),
        (["--artifact", "nowhere"], 2, "nowhere: there is no such file or folder"),
        (["--artifact", "src"], 4, "src: is not a bundle"),
        (["--backbone", "nowhere"], 5, "nowhere"),
    ],
)
def test_bad_requests_say_what_is_wrong_and_leave_nothing(mine, tmp_path, arguments, code, message):
    result = mine(*arguments)
    assert result.exit_code == code, result.output
    assert any(part in result.stderr for part in message.split("|"))
    assert not (tmp_path / "pairs.tsv").exists()
    assert not list(tmp_path.rglob("*.npy"))  # before anything is encoded


@pytest.mark.parametrize(
    ("text", "bytes_"), [("4GB", 4 << 30), ("512M", 512 << 20), ("1.5g", 3 << 29), ("7", 7)]
)
def test_sizes(text, bytes_):
    assert Size().convert(text, None, None) == bytes_


BREAKS = "\t\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def test_line_breaks_within_sentences_make_no_rows(mine, tmp_path):
    for name, end in (("src", "\r\n"), ("trg", "\n")):
        lines = [f"{text}{sign}and {sign}" for text, sign in zip(SOURCE, BREAKS, strict=False)]
        text = "\ufeff" + end.join(lines) + (end if name == "src" else "")
        (tmp_path / name).write_bytes(text.encode())
    result = mine("--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["source"]["lines"] == summary["target"]["lines"] == len(BREAKS)
    raw = (tmp_path / "pairs.tsv").read_bytes()
    assert raw.count(b"\n") == summary["pairs"]["written"] == len(BREAKS)
    text = raw.decode()
    assert len(text.splitlines()) == len(BREAKS)
    rows = list(csv.reader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert {(left, right) for _, left, right in rows} == {
        (f"{text} and", f"{text} and") for text in SOURCE[: len(BREAKS)]
    }


@pytest.mark.parametrize("out", ["src", "./trg", "link", "hard", "SRC/../src"])
def test_its_inputs_are_never_replaced(mine, tmp_path, out):
    (tmp_path / "link").symlink_to("src")
    (tmp_path / "hard").hardlink_to(tmp_path / "trg")
    (tmp_path / "SRC").mkdir()
    before = (tmp_path / "src").read_bytes()
    result = mine("--out", out)
    assert result.exit_code == 2
    assert f"--out {Path(out)}: is the same file as" in result.stderr
    assert (tmp_path / "src").read_bytes() == before


def test_compressed_in_and_out(mine, tmp_path):
    assert mine().exit_code == 0
    plain = (tmp_path / "pairs.tsv").read_bytes()
    for name, pack in (("src", gzip.compress), ("trg", lzma.compress)):
        (tmp_path / name).write_bytes(pack((tmp_path / name).read_bytes()))
    assert mine("--out", "p.tsv.gz").exit_code == 0
    assert gzip.decompress((tmp_path / "p.tsv.gz").read_bytes()) == plain
    assert not (tmp_path / "p.tsv.gz.work").exists()


def test_an_input_in_the_work_folder_stays(mine, tmp_path):
    work = tmp_path / "w"
    work.mkdir()
    (work / "source.txt").write_text("an input of old\n", encoding="utf-8")
    assert mine("--workdir", "w").exit_code == 0
    assert (work / "source.txt").read_text(encoding="utf-8") == "an input of old\n"


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_threshold_that_nothing_compares_with(mine, tmp_path, number):
    result = mine("--threshold", number)
    assert result.exit_code == 2
    assert f"`{number}` is not a finite number" in result.stderr
    assert not (tmp_path / "pairs.tsv").exists()


def test_a_distance_below_zero_is_written_where_asked_for(mine, tmp_path):
    given = ("--protocol", "jiant+distance")
    assert mine(*given).exit_code == 0
    above = pairs(tmp_path)
    assert mine(*given, "--threshold", "-1").exit_code == 0
    every = pairs(tmp_path)
    assert len(every) > len(above)
    assert min(float(score) for score, *_ in every) <= 0 < float(above[-1][0])
    assert every[: len(above)] == above
