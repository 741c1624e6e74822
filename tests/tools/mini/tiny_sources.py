"""A handful of parallel lines as sources, to build a backbone from in seconds."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from tools.mini.config import PretrainConfig
from tools.mini.sources import Source

ANIMALS = {
    "en": ["dog", "cat", "bird", "horse", "fish", "cow"],
    "de": ["Hund", "Kater", "Vogel", "Esel", "Fisch", "Ochse"],
    "zh": ["狗", "猫", "鸟", "马", "鱼", "牛"],
}
VERBS = {
    "en": ["sleeps", "eats", "drinks", "waits"],
    "de": ["schläft", "isst", "trinkt", "wartet"],
    "zh": ["睡觉", "吃饭", "喝水", "等待"],
}
PLACES = {
    "en": ["in the house", "in the garden", "at the river", "near the school"],
    "de": ["im Haus", "im Garten", "am Fluss", "bei der Schule"],
    "zh": ["在家里", "在花园里", "在河边", "在学校附近"],
}


def sentences(language: str) -> list[str]:
    """Ninety-six sentences, line-aligned over the three languages."""
    order = {
        "en": "The {animal} {verb} {place}.",
        "de": "Der {animal} {verb} {place}.",
        "zh": "{animal}{place}{verb}。",
    }[language]
    return [
        order.format(animal=animal, verb=verb, place=place)
        for animal in ANIMALS[language]
        for verb in VERBS[language]
        for place in PLACES[language]
    ]


SOURCE = Source(
    name="animals",
    title="Animals",
    upstream="nobody/animals",
    licence="CC0",
    attribution="nobody",
    layout="lines",
    use="parallel",
    used_for="sentences",
    pattern="animals/{code}.txt",
    codes=MappingProxyType({"en": "eng", "de": "deu", "zh": "cmn"}),
)


def write(folder: Path) -> Path:
    """Write the source's files below ``folder``."""
    (folder / "animals").mkdir(parents=True)
    for language, code in SOURCE.codes.items():
        text = "\n".join(sentences(language)) + "\n"
        (folder / "animals" / f"{code}.txt").write_text(text, encoding="utf-8")
    return folder


CONFIG = PretrainConfig.model_validate(
    {
        "languages": ["en", "de", "zh"],
        "vocabulary": 160,
        "hidden_size": 32,
        "layers": 2,
        "heads": 2,
        "intermediate_size": 32,
        "retrieval_layer": 1,
        "threads": 1,
        "embeddings": {"steps": 60, "batch": 48},
        "transformer": {
            "steps": 40,
            "alignment_steps": 10,
            "upper_steps": 10,
            "tokens": 512,
        },
    }
)
