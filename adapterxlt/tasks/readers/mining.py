"""Reads bitext mining as BUCC publishes it: sides as `id TAB sentence`, gold as `id TAB id`."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.kinds.bitext_mining import MiningSet
from adapterxlt.lines import BREAKS
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.reading import bad, read_lines


def read_mining_tsv(found: Found) -> MiningSet:
    """Read the sentences of both sides with their ids; gold is None if its file is withheld.

    Raises:
        MissingDataError: a line has no tab, an id occurs twice on a side or contains a line
            break, or a gold pair occurs twice or names an id that does not exist.
    """
    source = _sentences(found.files["source"])
    target = _sentences(found.files["target"])
    gold_path = found.files.get("gold")
    return MiningSet(
        language=found.language,
        source_ids=tuple(source),
        source=tuple(source.values()),
        target_ids=tuple(target),
        target=tuple(target.values()),
        gold=None if gold_path is None else _gold(gold_path, source, target),
    )


def _sentences(path: Path) -> dict[str, str]:
    sentences: dict[str, str] = {}
    for number, line in enumerate(read_lines(path), start=1):
        name, tab, sentence = line.partition("\t")
        if not tab or not name:
            raise bad(path, number, "no id", "expected: id, tab, sentence")
        if breaking := sorted(set(name) & set(BREAKS)):
            raise bad(
                path,
                number,
                f"the id {name!r} contains the line break U+{ord(breaking[0]):04X}",
                "remove it from the id here and in the gold file",
            )
        if name in sentences:
            raise bad(path, number, f"id `{name}` occurs twice")
        sentences[name] = sentence
    return sentences


def _gold(path: Path, source: dict[str, str], target: dict[str, str]) -> frozenset[tuple[str, str]]:
    pairs: set[tuple[str, str]] = set()
    for number, line in enumerate(read_lines(path), start=1):
        fields = line.split("\t")
        if len(fields) != 2:
            raise bad(path, number, "not a pair of ids", "expected: id, tab, id")
        pair = (fields[0], fields[1])
        for name, side in zip(pair, (source, target), strict=True):
            if name not in side:
                raise bad(
                    path,
                    number,
                    f"the gold pair names `{name}`, which is not an id of the sentences",
                )
        if pair in pairs:
            raise bad(path, number, f"gold pair `{pair[0]}`, `{pair[1]}` occurs twice")
        pairs.add(pair)
    return frozenset(pairs)
