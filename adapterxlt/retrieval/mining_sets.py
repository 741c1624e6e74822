"""Builds test sets for mining from parallel text: pairs hidden among distractors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adapterxlt.errors import UsageError
from adapterxlt.kinds.bitext_mining import MiningSet
from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.lines import on_one_line
from adapterxlt.store.compressed import plain_name
from adapterxlt.store.disk import writing
from adapterxlt.store.files import write_atomic
from adapterxlt.tasks.reading import bad, read_lines

SPLITS = ("dev", "test")


@dataclass(frozen=True)
class Shares:
    """How lines of parallel text are used, as shares of all.

    Args:
        gold: lines used with both sides: the pairs to be found.
        source: lines used only with their source side, as its distractors.
        target: the same for the target side.
    """

    gold: float = 0.1
    source: float = 0.4
    target: float = 0.5


def read_parallel(source: Path, target: Path, language: str) -> Bitext:
    """Read two files in which line n of one translates line n of the other, blank lines included.

    From .conllu files (PUD) it reads the `# text` of sentences with equal `# sent_id`.

    Args:
        source: the file of one side.
        target: the file of the other side, which stands where English stands in BUCC.
        language: code of the source side.

    Raises:
        MissingDataError: a file is unreadable, empty or not UTF-8, or they are not parallel.
    """
    if plain_name(source).suffix == ".conllu" == plain_name(target).suffix:
        left, right = _conllu(source), _conllu(target)
        shared = [name for name in left if name in right]
        if not shared:
            raise bad(
                source,
                0,
                f"no sent_id is also in {target}",
                "check that they are parallel treebanks",
            )
        pairs = [(left[name], right[name]) for name in shared]
        sides = zip(*pairs, strict=True)
        return Bitext(language, tuple(next(sides)), tuple(next(sides)))
    lines = read_lines(source), read_lines(target)
    if len(lines[0]) != len(lines[1]):
        raise bad(
            source,
            0,
            f"{len(lines[0])} lines, but {target} has {len(lines[1])}",
            "line n of one file must be the translation of line n of the other",
        )
    return Bitext(language, tuple(lines[0]), tuple(lines[1]))


def _conllu(path: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    name = ""
    for number, line in enumerate(read_lines(path), start=1):
        key, _, value = line.removeprefix("#").partition("=")
        if not line.startswith("#") or key.strip() not in ("sent_id", "text"):
            continue
        if key.strip() == "sent_id":
            name = value.strip()
        elif not name or name in texts:
            raise bad(path, number, "a `# text` without a `# sent_id` of its own before it")
        else:
            texts[name] = value.strip()
    return texts


def build_mining_set(bitext: Bitext, *, seed: int, shares: Shares | None = None) -> MiningSet:
    """Hide some pairs of a parallel text among lines without their translations.

    Lines whose text occurs twice on a side are left out, as their gold would be ambiguous. Both
    sides are shuffled. The same arguments give the same set.

    Args:
        bitext: parallel lines (NTREX, FLORES, PUD, Tatoeba, ...).
        seed: decides which lines are chosen, and their order.
        shares: the shares of gold lines and distractors; None for the defaults.

    Raises:
        UsageError: shares above 1 in all, or too few lines for a single gold pair.
    """
    shares = shares or Shares()
    if min(shares.gold, shares.source, shares.target) < 0 or (
        shares.gold + shares.source + shares.target > 1 + 1e-9
    ):
        given = f"{shares.gold:g} + {shares.source:g} + {shares.target:g}"
        raise UsageError(f"the shares of a mining set must add up to between 0 and 1, not {given}")
    rng = np.random.default_rng(seed)
    lines = rng.permutation(_unambiguous(bitext))
    sizes = [round(len(lines) * share) for share in (shares.gold, shares.source, shares.target)]
    gold, source_only, target_only, _ = np.split(lines, np.cumsum(sizes))
    if not len(gold):
        raise UsageError(
            f"{len(lines)} distinct lines of `{bitext.language}` give no gold pair",
            hint="give more lines, or a larger share",
        )
    source = rng.permutation(np.concatenate([gold, source_only]))
    target = rng.permutation(np.concatenate([gold, target_only]))
    source_id = {int(line): f"{bitext.language}-{n:09d}" for n, line in enumerate(source, 1)}
    target_id = {int(line): f"en-{n:09d}" for n, line in enumerate(target, 1)}
    return MiningSet(
        language=bitext.language,
        source_ids=tuple(source_id.values()),
        source=tuple(bitext.source[line] for line in source_id),
        target_ids=tuple(target_id.values()),
        target=tuple(bitext.target[line] for line in target_id),
        gold=frozenset((source_id[int(line)], target_id[int(line)]) for line in gold),
    )


def split_bitext(bitext: Bitext, *, seed: int) -> tuple[Bitext, Bitext]:
    """Split the lines at random into two halves: one for dev, one for test."""
    order = np.random.default_rng(seed).permutation(len(bitext.source))
    halves = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    first, second = (
        Bitext(
            bitext.language,
            tuple(bitext.source[line] for line in half),
            tuple(bitext.target[line] for line in half),
        )
        for half in halves
    )
    return first, second


def mining_files(folder: Path, language: str, split: str) -> dict[str, Path]:
    """Return the source, target and gold files of a set in BUCC's layout below `folder`."""
    stem = folder / "bucc2018" / f"{language}-en.{split}"
    suffixes = {"source": language, "target": "en", "gold": "gold"}
    return {role: Path(f"{stem}.{suffix}") for role, suffix in suffixes.items()}


def write_mining_sets(sets: Mapping[str, MiningSet], folder: Path) -> None:
    """Write the sets of several splits; if that fails, none of their files remains.

    Raises:
        AdapterXLTError: they cannot be written.
    """
    try:
        for split, mining in sets.items():
            write_mining_set(mining, folder, split)
    except BaseException:
        for split, mining in sets.items():
            for path in mining_files(folder, mining.language, split).values():
                path.unlink(missing_ok=True)
        raise


def write_mining_set(mining: MiningSet, folder: Path, split: str) -> None:
    """Write a set as BUCC's files: `bucc2018/XX-en.SPLIT.{XX,en,gold}` below `folder`."""
    columns = {
        "source": zip(mining.source_ids, map(on_one_line, mining.source), strict=True),
        "target": zip(mining.target_ids, map(on_one_line, mining.target), strict=True),
        "gold": iter(sorted(mining.gold or ())),
    }
    for role, path in mining_files(folder, mining.language, split).items():
        with writing(path):
            write_atomic(path, "".join(f"{name}\t{rest}\n" for name, rest in columns[role]))


def _unambiguous(bitext: Bitext) -> np.ndarray:
    once = _once(bitext.source) & _once(bitext.target)
    return np.array(sorted(once), dtype=np.int64)


def _once(texts: Sequence[str]) -> set[int]:
    rows: dict[str, int] = {}
    repeated = set()
    for row, text in enumerate(map(on_one_line, texts)):  # as they will be written
        if rows.setdefault(text, row) != row:
            repeated |= {row, rows[text]}
    return {row for row, text in enumerate(texts) if text.strip() and row not in repeated}
