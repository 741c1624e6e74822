"""A run says that rows cannot be translations of each other if languages differ in their number."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from adapterxlt.cli.main import cli

ENTRY = """
kind: pair_classification
labels: [same, other]
languages: [en, de]
parallel: row
format: pair_tsv
files: "{lang}.{split}.tsv"
columns: {text_a: 0, text_b: 1, label: 2}
"""


def test_a_run_says_that_rows_do_not_match(tiny_backbone: Path, tmp_path: Path) -> None:
    rows = ["a cat\tcats\tsame\n", "a dog\ta tree\tother\n"]
    for name, count in {"en.train": 2, "en.test": 2, "de.test": 1}.items():
        (tmp_path / f"{name}.tsv").write_text("".join(rows[:count]))
    (tmp_path / "pairs.yaml").write_text(ENTRY)
    (tmp_path / "r.yaml").write_text(
        f"name: r\nbackbone: {tiny_backbone}\ndata: .\ntasks: [pairs.yaml]\n"
        "training: {max_steps: 1}\nstages:\n  a: {train: pairs}\n"
        "  s: {evaluate: a, on: pairs, split: test}\n"
    )
    arguments = ["run", str(tmp_path / "r.yaml"), "--workdir", str(tmp_path / "w")]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    assert "but test has 2 examples in en and 1 example in de" in " ".join(done.stderr.split())
