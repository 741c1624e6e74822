from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.read import read_examples

from ..conftest import Write

CONTEXT = "Ümit 😀 lives in Bonn. Bonn is small."


def squad(*questions: dict[str, Any]) -> str:
    paragraph = {"context": CONTEXT, "qas": list(questions)}
    return json.dumps({"version": "1.1", "data": [{"title": "t", "paragraphs": [paragraph]}]})


def question(name: str, *answers: tuple[int, str]) -> dict[str, Any]:
    listed = [{"answer_start": start, "text": text} for start, text in answers]
    return {"id": name, "question": f"{name}?", "answers": listed}


def test_questions(write: Write, tmp_path: Path) -> None:
    start = CONTEXT.index("Bonn")
    write("squad/dev-v1.1.json", squad(question("where", (start, "Bonn"), (22, "Bonn"))))
    assert read_examples(get_task("squad"), [tmp_path], "en", "dev") == [
        QAExample("where", "where?", CONTEXT, ((start, "Bonn"), (22, "Bonn")))
    ]


def test_xquad_is_read_for_dev_and_test(write: Write, tmp_path: Path) -> None:
    write("xquad/xquad.tr.json", squad(question("who", (0, "Ümit"))))
    dev = read_examples(get_task("xquad"), [tmp_path], "tr", "dev")
    assert read_examples(get_task("xquad"), [tmp_path], "tr", "test") == dev
    assert len(dev) == 1


@pytest.mark.parametrize("answers", [[], [(0, "")], [(0, ""), (0, "")]])
def test_blanked_answers(write: Write, tmp_path: Path, answers: list[tuple[int, str]]) -> None:
    write("xquad/xquad.tr.json", squad(question("who", *answers)))
    assert read_examples(get_task("xquad"), [tmp_path], "tr", "test") == [
        QAExample("who", "who?", CONTEXT, None)
    ]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([(15, "Bonn")], "question `where`: answer `Bonn` is not at offset 15"),
        ([(-4, "all.")], "is not at offset -4"),
        ([(99, "x")], "is not at offset 99"),
        ([(0, "Ümit"), (0, "")], "answer `` is not at offset 0"),
        ([], "question `where` has no answer"),
    ],
)
def test_bad_answers(
    write: Write, tmp_path: Path, answers: list[tuple[int, str]], message: str
) -> None:
    path = write("squad/dev-v1.1.json", squad(question("where", *answers)))
    with pytest.raises(MissingDataError, match=message) as caught:
        read_examples(get_task("squad"), [tmp_path], "en", "dev")
    assert caught.value.message.startswith(f"{path}: ")


def test_an_id_that_occurs_twice(write: Write, tmp_path: Path) -> None:
    write("squad/dev-v1.1.json", squad(question("who", (0, "Ümit")), question("who", (0, "Ü"))))
    with pytest.raises(MissingDataError, match="question id `who` occurs twice"):
        read_examples(get_task("squad"), [tmp_path], "en", "dev")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"data": [\n  {,}]}', r"dev-v1.1.json:2: not JSON"),
        ('{"data": [{"para', r"not JSON: Unterminated string .*\n  it may be cut off"),
        ("[]", "not in the SQuAD format: a list or a text where an object belongs"),
        ('{"data": [{"title": "t"}]}', "not in the SQuAD format: no `paragraphs`"),
        ('{"data": []}', "the file does not contain any questions"),
        (squad({"id": "q", "answers": []}), "has no answer"),
        (squad({"question": "q", "answers": []}), "no `id` in question 1"),
        (
            squad({"id": "q", "question": "?", "answers": [{"text": "x", "answer_start": "y"}]}),
            "not in the SQuAD format: an `answer_start` that is not a number in question 1",
        ),
    ],
)
def test_other_json(write: Write, tmp_path: Path, content: str, message: str) -> None:
    write("squad/dev-v1.1.json", content)
    with pytest.raises(MissingDataError, match=message):
        read_examples(get_task("squad"), [tmp_path], "en", "dev")


def misplaced(write: Write, folder: Path, context: str, start: int, text: str) -> str:
    answer = {"answer_start": start, "text": text}
    asked = [{"id": "q", "question": "?", "answers": [answer]}]
    paragraphs = [{"context": context, "qas": asked}]
    write("squad/dev-v1.1.json", json.dumps({"data": [{"paragraphs": paragraphs}]}))
    with pytest.raises(MissingDataError) as error:
        read_examples(get_task("squad"), [folder], "en", "dev")
    return str(error.value)


def test_code_points_are_named_where_texts_look_alike(write: Write, tmp_path: Path) -> None:
    said = misplaced(write, tmp_path, "In 10\u00a0km.", 3, "10 km")
    assert "its character 3 is U+0020 (SPACE), not U+00A0 (NO-BREAK SPACE)" in said
    assert "the answer must match the context" in said
    said = misplaced(write, tmp_path, "To Caf\u0065\u0301 Noir", 3, "Caf\u00e9")
    assert "its character 4 is U+00E9 (LATIN SMALL LETTER E WITH ACUTE), not U+0065" in said
    assert "one is composed (NFC) and the other decomposed (NFD)" in said
    said = misplaced(write, tmp_path, "ab\u200bcd", 0, "abcd")
    assert "its character 3 is U+0063 (LATIN SMALL LETTER C), not U+200B (ZERO WIDTH" in said
    said = misplaced(write, tmp_path, "abcd", 1, "xy")
    assert "where the context has `bc`\n" in said  # these do not look alike


def test_the_right_offset_is_told(write: Write, tmp_path: Path) -> None:
    said = misplaced(write, tmp_path, "Ümit lives in Bonn.", 15, "Bonn")
    assert "it is at offset 14: offsets count characters (code points), not bytes" in said
