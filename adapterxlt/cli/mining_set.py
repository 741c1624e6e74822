"""`adapterxlt mining-set SRC TRG --out DIR`: build a test set for mining from parallel text."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from adapterxlt.cli.options import (
    Finite,
    Whole,
    json_option,
    print_json,
)
from adapterxlt.cli.places import FilePath
from adapterxlt.errors import UsageError

_SHARE = Finite(0, 1)
_FILE = FilePath(path_type=Path, dir_okay=False)


@click.command()
@click.argument("source", metavar="SRC", type=_FILE)
@click.argument("target", metavar="TRG", type=_FILE)
@click.option(
    "--out",
    required=True,
    type=FilePath(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder for the sets; the files are bucc2018/XX-en.SPLIT.{XX,en,gold}.",
)
@click.option(
    "--lang", required=True, metavar="XX", help="Language code of SRC; TRG is called `en`."
)
@click.option(
    "--gold",
    type=_SHARE,
    default=0.1,
    show_default=True,
    help="Share of the lines that become gold pairs.",
)
@click.option(
    "--source-only",
    type=_SHARE,
    default=0.4,
    show_default=True,
    help="Share of the lines that become distractors in SRC.",
)
@click.option(
    "--target-only",
    type=_SHARE,
    default=0.5,
    show_default=True,
    help="Share of the lines that become distractors in TRG.",
)
@click.option(
    "--seed",
    type=Whole(0),
    default=1,
    show_default=True,
    help="Seed that chooses the lines.",
)
@json_option
def command(
    source: Path,
    target: Path,
    out: Path,
    lang: str,
    gold: float,
    source_only: float,
    target_only: float,
    seed: int,
    as_json: bool,
) -> None:
    """Build a test set for mining: translation pairs hidden among distractors.

    Line n of TRG must translate line n of SRC, as in NTREX or FLORES. In .conllu files, such as
    those of PUD, sentences with the same sent_id translate each other. Half of the lines become a
    dev set, on which thresholds are tuned; the other half becomes a test set. Blank lines and
    repeated lines are left out. Tabs and unusual line breaks become spaces. The same seed always
    gives the same files.

    Use the files with `retrieve SRC TRG --gold FILE`, or use --out as a data folder for the task
    `bucc2018` in recipes.
    """
    from adapterxlt.retrieval.mining_sets import (
        SPLITS,
        Shares,
        build_mining_set,
        mining_files,
        read_parallel,
        split_bitext,
        write_mining_sets,
    )
    from adapterxlt.store.disk import check_folder

    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", lang) or lang in ("en", "gold"):
        raise UsageError(
            f"--lang {lang}: not a language code for SRC", hint="use a code such as `de`"
        )
    wanted = [mining_files(out, lang, split) for split in SPLITS]
    check_folder(out)
    there = [path for files in wanted for path in files.values() if os.path.lexists(path)]
    if there:
        raise UsageError(f"{there[0]} already exists", hint="remove it, or choose another --out")
    bitext = read_parallel(source, target, lang)
    shares = Shares(gold, source_only, target_only)
    halves = split_bitext(bitext, seed=seed)
    sets = [build_mining_set(half, seed=seed, shares=shares) for half in halves]
    write_mining_sets(dict(zip(SPLITS, sets, strict=True)), out)
    written = [
        {
            "split": split,
            "files": {role: str(path) for role, path in files.items()},
            "source": len(mining.source),
            "target": len(mining.target),
            "gold": len(mining.gold or ()),
        }
        for split, files, mining in zip(SPLITS, wanted, sets, strict=True)
    ]
    if as_json:
        print_json({"lines": len(bitext.source), "seed": seed, "sets": written})
        return
    for split, files, mining in zip(SPLITS, wanted, sets, strict=True):
        click.echo(
            f"{split}: {len(mining.gold or ())} pairs among {len(mining.source)} and "
            f"{len(mining.target)} sentences: {', '.join(map(str, files.values()))}"
        )
