from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapterxlt.cli.main import cli
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_mining


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, word in (("src", "Satz"), ("trg", "sentence")):
        lines = [f"{word} {i}" for i in range(200)]
        Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, word, first in (("a.conllu", "Satz", 0), ("b.conllu", "sentence", 20)):
        blocks = [f"# sent_id = n{i}\n# text = {word} {i}\n1\tx\n" for i in range(first, 80)]
        Path(name).write_text("\n".join(blocks), encoding="utf-8")
    return tmp_path


def numbers(ids, texts):
    return {name: int(text.split()[1]) for name, text in zip(ids, texts, strict=True)}


@pytest.mark.parametrize(("files", "sizes"), [(("src", "trg"), (50, 60, 10)),
                                              (("a.conllu", "b.conllu"), (15, 18, 3))])  # fmt: skip
def test_both_splits_are_read_back_with_their_gold(invoke, folder, files, sizes):
    result = invoke("mining-set", *files, "--out", "set", "--lang", "de", "--json")
    assert result.exit_code == 0, result.output
    sets = json.loads(result.stdout)["sets"]
    assert [part["split"] for part in sets] == ["dev", "test"]
    seen = []
    for part in sets:
        mining = read_mining(get_task("bucc2018"), [folder / "set"], "de", part["split"])
        assert (len(mining.source), len(mining.target), len(mining.gold)) == sizes
        assert (part["source"], part["target"], part["gold"]) == sizes
        left = numbers(mining.source_ids, mining.source)
        right = numbers(mining.target_ids, mining.target)
        assert all(left[a] == right[b] for a, b in mining.gold)
        seen.append({*left.values(), *right.values()})
    assert not seen[0] & seen[1]


def test_seeds_and_shares(invoke, folder):
    given = ["mining-set", "src", "trg", "--lang", "de"]
    shown = invoke(*given, "--out", "one").stdout
    assert "dev: 10 pairs among 50 and 60 sentences: one/bucc2018/de-en.dev.de" in shown
    invoke(*given, "--out", "same")
    shares = ["--gold", "0.2", "--source-only", "0", "--target-only", "0.3"]
    invoke(*given, "--out", "other", "--seed", "2", *shares)
    texts = [
        (folder / out / "bucc2018" / "de-en.test.de").read_text(encoding="utf-8")
        for out in ("one", "same", "other")
    ]
    assert texts[0] == texts[1] != texts[2]
    assert len(texts[2].splitlines()) == 20


def test_what_was_written_is_mined(invoke, folder, tiny_backbone):
    invoke("mining-set", "src", "trg", "--out", "set", "--lang", "de")
    stem = "set/bucc2018/de-en.dev"
    result = invoke("retrieve", f"{stem}.de", f"{stem}.en", "--gold", f"{stem}.gold",
                    "--backbone", tiny_backbone)  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "recall" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["src", "short"], 5, "src: 200 lines, but short has 1"),
        (["src", "nowhere"], 5, "nowhere: cannot be read"),
        (["src", "latin"], 5, "latin:1: not UTF-8"),
        (["empty", "trg"], 5, "empty: the file is empty"),
        (["short", "short"], 2, "give no gold pair"),
        (["a.conllu", "c.conllu"], 5, "no sent_id is also in c.conllu"),
        (["a.conllu", "d.conllu"], 5, "d.conllu:1: a `# text` without"),
        (["src", "trg", "--gold", "0.9"], 2, "add up to between 0 and 1"),
        (["src", "trg", "--gold", "2"], 2, "2.0 is not in the range"),
        (["src", "trg", "--lang", "../de"], 2, "not a language code for SRC"),
        (["src", "trg", "--out", "taken"], 2, "de-en.dev.gold already exists"),
    ],
)
def test_bad_requests(invoke, folder, arguments, code, message):
    (folder / "short").write_text("one\n")
    (folder / "empty").write_text("")
    (folder / "latin").write_bytes(b"caf\xe9\n")
    (folder / "c.conllu").write_text("# sent_id = other\n# text = x\n")
    (folder / "d.conllu").write_text("# text = x\n")
    (folder / "taken" / "bucc2018").mkdir(parents=True)
    (folder / "taken" / "bucc2018" / "de-en.dev.gold").write_text("a\tb\n")
    result = invoke("mining-set", "--lang", "de", "--out", "set", *arguments)
    assert result.exit_code == code, result.output
    assert message in result.stderr
    assert not (folder / "set").exists()


def test_line_breaks_within_sentences_make_no_rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    breaks = "\t\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
    for name, end in (("a", "\n"), ("b", "\r\n")):
        lines = [f"{name} {number}{breaks[number % len(breaks)]}x" for number in range(200)]
        Path(name).write_bytes(("\ufeff" + end.join(lines)).encode())
    result = CliRunner().invoke(cli, ["mining-set", "a", "b", "--lang", "de", "--out", "s"])
    assert result.exit_code == 0, result.output
    for path in sorted(Path("s/bucc2018").iterdir()):
        raw = path.read_bytes()
        rows = raw.decode().splitlines()
        assert len(rows) == raw.count(b"\n") > 0
        assert all(row.count("\t") == 1 for row in rows)


def test_where_it_cannot_write_it_says_so_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("x")
    result = CliRunner().invoke(cli, ["mining-set", "a", "b", "--lang", "de", "--out", "file/s"])
    assert result.exit_code == 2
    assert "cannot write" in result.stderr
    assert "Not a directory" in result.stderr
