"""Reads questions on paragraphs: SQuAD's JSON (1.1 and 2.0), and records of it on the Hub."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.lookalikes import difference, same_to_the_eye
from adapterxlt.tasks.readers.records import records_of, text_field, value_of
from adapterxlt.tasks.reading import bad, not_squad, parse_json, read_text

log = logging.getLogger(__name__)

Answers = tuple[tuple[int, str], ...]


def read_squad_json(found: Found) -> Iterator[QAExample]:
    """Read every question, in file order.

    Offsets are in characters and must point at the answer's text: a wrong one would train on a
    wrong span. For blanked answers (XTREME: the empty text at 0), `answers` is None; for a question
    of SQuAD 2.0 without an answer, it is ().

    Where the layout says that ids begin with the language (TyDiQA: `english-...`), questions of
    other languages are left out: published "English" training files hold all nine languages.

    Raises:
        MissingDataError: the file is not JSON or not in SQuAD's schema, a question id occurs twice
            (except in training files, which are not scored by id), a question outside test files
            has no answer, an offset does not fit, or no question is in the language.
    """
    path = found.files["data"]
    document = parse_json(path, read_text(path))
    try:
        questions = [
            (str(paragraph["context"]), question)
            for article in document["data"]
            for paragraph in article["paragraphs"]
            for question in paragraph["qas"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise not_squad(path, error) from error
    if not questions:
        raise bad(path, 0, "the file does not contain any questions")
    return _examples(found, iter(questions))


def read_qa_records(found: Found) -> Iterator[QAExample]:
    """Read the same from records with `id`, `question`, `context` and `answers`, as on the Hub."""
    return _examples(found, _from_records(found))


def _from_records(found: Found) -> Iterator[tuple[str, dict[str, Any]]]:
    path = found.files["data"]
    for number, record in records_of(found):
        answers = value_of(path, number, record, "answers")
        if isinstance(answers, dict):  # {text: [...], answer_start: [...]}
            pairs = zip(answers["text"], answers["answer_start"], strict=True)
            answers = [{"text": text, "answer_start": start} for text, start in pairs]
        question = text_field(path, number, record, "question")
        name = text_field(path, number, record, "id")
        context = text_field(path, number, record, "context")
        yield context, {"id": name, "question": question, "answers": answers}


def _examples(found: Found, questions: Iterator[tuple[str, dict[str, Any]]]) -> Iterator[QAExample]:
    path = found.files["data"]
    seen: set[str] = set()
    number = others = lost = 0
    try:
        for number, (context, question) in enumerate(questions, start=1):
            if not _in_language(found, str(question["id"])):
                others += 1
                continue
            if found.layout.mend_spans and found.split != "test":
                question = _mended(context, question)
                if not question["answers"]:
                    lost += 1
                    continue
            example = _question(found, context, question)
            if example.id in seen:
                if found.split != "train":
                    raise bad(path, 0, f"question id `{example.id}` occurs twice")
                example = QAExample(
                    f"{example.id}#{number}", example.question, context, example.answers
                )
            seen.add(example.id)
            yield example
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise not_squad(path, error, f"in question {number}") from error
    if lost:
        log.warning(
            "%s: skipped %d of %d questions, whose answers are not in their context",
            path,
            lost,
            number,
        )
    if others:
        log.warning(
            "%s: skipped %d of %d questions, which are not in `%s`",
            path,
            others,
            number,
            found.language,
        )
    if others and not seen:
        raise bad(
            path,
            0,
            f"does not hold any questions in `{found.language}`",
            "check that this is the right file",
        )


def _in_language(found: Found, name: str) -> bool:
    """Whether a question is in the requested language, as far as its id tells."""
    if not found.layout.select_by_id:
        return True
    names = found.task.language_names
    prefix, dash, _ = name.partition("-")
    if dash and prefix in names.values():
        return prefix == names.get(found.language)
    # XTREME's training files have plain numbers as ids, so the file's name must tell the language.
    if f".{found.language}." not in found.files["data"].name:
        hint = f"expected: {', '.join(names.values())}, each followed by a dash"
        raise bad(found.files["data"], 0, f"question id `{name}` does not name a language", hint)
    return True


def _mended(context: str, question: dict[str, Any]) -> dict[str, Any]:
    """Return a question with only those answers that occur in the context.

    Each gets the offset of the occurrence nearest to its given offset. This is for translated data:
    a translated answer may not occur in the translated context, and offsets may be the original's.
    """
    found = []
    for answer in question.get("answers", ()):
        text, start = str(answer["text"]), int(answer["answer_start"])
        places = [match.start() for match in re.finditer(re.escape(text), context)] if text else []
        if places:
            nearest = min(places, key=lambda place: abs(place - start))
            found.append({"text": text, "answer_start": nearest})
    return {**question, "answers": found}


def _question(found: Found, context: str, question: dict[str, Any]) -> QAExample:
    path, name = found.files["data"], str(question["id"])
    answers = tuple((int(a["answer_start"]), str(a["text"])) for a in question.get("answers", ()))
    if found.task.no_answer and (question.get("is_impossible") or not answers):
        if "answers" in question or question.get("is_impossible"):
            return QAExample(name, str(question["question"]), context, ())
        return QAExample(name, str(question["question"]), context, None)
    if not answers and found.split != "test":
        raise bad(path, 0, f"question `{name}` has no answer", "this may be a SQuAD 2.0 file")
    if not any(text for _, text in answers):
        return QAExample(name, str(question["question"]), context, None)
    for start, text in () if found.layout.mend_spans else answers:
        if not text or start < 0 or context[start : start + len(text)] != text:
            raise _misplaced(found, name, context, start, text)
    return QAExample(name, str(question["question"]), context, answers)


def _misplaced(found: Found, name: str, context: str, start: int, text: str) -> MissingDataError:
    first = max(start, 0)
    # A text that looks the same may be longer: decomposed letters, zero-width characters.
    lengths = range(1, 3 * len(text) + 4) if text else ()
    shown = (context[first : first + length] for length in lengths)
    alike = next((found for found in shown if same_to_the_eye(text, found)), None)
    there = context[first : first + len(text)] if alike is None else alike
    message = (
        f"question `{name}`: answer `{text[:60]}` is not at offset {start}, where the context "
        f"has `{there[:60]}`"
    )
    if alike is not None:
        message += f": its {difference(text, alike)}"
    return bad(found.files["data"], 0, message, _why_misplaced(context, text, start))


def _why_misplaced(context: str, text: str, start: int) -> str:
    """Return what is probably wrong with an answer's offset or text."""
    places = [match.start() for match in re.finditer(re.escape(text), context)] if text else []
    if places:
        nearest = min(places, key=lambda place: abs(place - start))
        return f"it is at offset {nearest}: offsets count characters (code points), not bytes"
    composed = unicodedata.normalize("NFC", context), unicodedata.normalize("NFC", text)
    if text and composed != (context, text) and composed[1] in composed[0]:
        return (
            "one is composed (NFC) and the other decomposed (NFD); convert both to the same form "
            "and compute the offset again"
        )
    return "the answer must match the context character by character"
