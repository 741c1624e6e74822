"""A small lexicon, for the stages that take one."""

from __future__ import annotations

from pathlib import Path

PAIRS = [
    ("old woman", "alte Frau"), ("bread", "Brot"), ("dog", "Hund"), ("park", "Park"),
    ("house", "Haus"), ("river", "Fluss"), ("market", "Markt"), ("train", "Zug"),
    ("train", "Bahn"), ("sister", "Schwester"), ("harbour", "Hafen"), ("hospital", "Krankenhaus"),
    ("rain", "Regen"), ("day", "Tag"), ("child", "Kind"), ("brother", "Bruder"),
    ("window", "Fenster"), ("room", "Zimmer"), ("room", "Raum"), ("teacher", "Lehrer"),
]  # fmt: skip


def write_lexicon(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{en}\t{de}\n" for en, de in PAIRS), encoding="utf-8")
    return path
