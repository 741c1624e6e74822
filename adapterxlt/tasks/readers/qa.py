"""Questions on paragraphs in SQuAD's JSON (SQuAD 1.1, XQuAD)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapterxlt.errors import MissingDataError
from adapterxlt.tasks.files import bad, parse_json, read_text
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.types import QAExample


def read_squad_json(found: Found) -> Iterator[QAExample]:
    """Every question, in file order.

    Offsets are in characters and must point at the answer's text: a wrong one would train on a
    wrong span. Blanked answers (XTREME: the empty text at 0) give `answers` None.

    Raises:
        MissingDataError: not JSON, not SQuAD's schema, a question id that occurs twice, a
            question without answer outside of test files, an offset that does not fit.
    """
    path = found.files["data"]
    document = parse_json(path, read_text(path))
    seen: set[str] = set()
    try:
        for article in document["data"]:
            for paragraph in article["paragraphs"]:
                context = str(paragraph["context"])
                for question in paragraph["qas"]:
                    example = _question(found, context, question)
                    if example.id in seen:
                        raise bad(path, 0, f"question id `{example.id}` occurs twice")
                    seen.add(example.id)
                    yield example
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        where = f"after question {len(seen)}"
        raise bad(path, 0, f"not SQuAD's schema: {error!r} {where}") from error
    if not seen:
        raise bad(path, 0, "the file holds no questions")


def _question(found: Found, context: str, question: dict[str, Any]) -> QAExample:
    path, name = found.files["data"], str(question["id"])
    answers = tuple((int(a["answer_start"]), str(a["text"])) for a in question.get("answers", ()))
    if not answers and found.split != "test":
        raise bad(path, 0, f"question `{name}` has no answer", "is this a SQuAD 2.0 file?")
    if not any(text for _, text in answers):
        return QAExample(name, str(question["question"]), context, None)
    for start, text in answers:
        if not text or start < 0 or context[start : start + len(text)] != text:
            raise _misplaced(found, name, context, start, text)
    return QAExample(name, str(question["question"]), context, answers)


def _misplaced(found: Found, name: str, context: str, start: int, text: str) -> MissingDataError:
    there = context[max(start, 0) : max(start, 0) + len(text)]
    return bad(
        found.files["data"],
        0,
        f"question `{name}`: answer `{text[:60]}` is not at offset {start}, where the context "
        f"has `{there[:60]}`",
        "offsets count characters (code points), not bytes",
    )
