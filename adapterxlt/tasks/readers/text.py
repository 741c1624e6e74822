"""Reads plain text for masked language modelling: lines of a file, or contexts of questions."""

from __future__ import annotations

from collections.abc import Iterator

from adapterxlt.kinds.mlm import TextExample
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.reading import not_squad, parse_json, read_lines, read_text


def read_text_lines(found: Found) -> Iterator[TextExample]:
    """Read every line that is not blank; its id is its number."""
    for number, line in enumerate(read_lines(found.files["data"]), start=1):
        text = line.strip()
        if text:
            yield TextExample(str(number), text)


def read_text_contexts(found: Found) -> Iterator[TextExample]:
    """Read every distinct context of a file in SQuAD's JSON.

    Raises:
        MissingDataError: the file is not JSON, or not in SQuAD's schema.
    """
    path = found.files["data"]
    document = parse_json(path, read_text(path))
    try:
        contexts = dict.fromkeys(
            str(paragraph["context"]).strip()
            for article in document["data"]
            for paragraph in article["paragraphs"]
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise not_squad(path, error) from error
    for number, context in enumerate(contexts, start=1):
        if context:
            yield TextExample(str(number), context)
