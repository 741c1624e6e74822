from __future__ import annotations

import json

import pytest

from adapterxlt.benchmarks.reading import (
    Constant,
    in_sentences,
    read_answers,
    read_column,
    read_numbers,
    read_pairs,
    read_questions,
    read_scores,
    require_known,
    same_sentences,
    tag_lines,
)
from adapterxlt.errors import MissingDataError


def squad(*questions):
    """A file of questions: (id, answers) or (id, answers, is_impossible)."""
    qas = [
        {"id": name, "answers": [{"text": text, "answer_start": 0} for text in answers]}
        | ({"is_impossible": more[0]} if more else {})
        for name, answers, *more in questions
    ]
    return json.dumps({"data": [{"paragraphs": [{"context": "c", "qas": qas}]}]})


def test_the_last_column_is_the_label(write):
    path = write("a.tsv", "one\ttwo\tneutral\r\nthree\tfour\tentailment\n\n")
    assert read_column(path) == ["neutral", "entailment"]
    assert read_column(write("b.tsv", " 1 \n\n0")) == ["1", "", "0"]


def test_ranked_predictions_give_their_first(write):
    path = write("a.tsv", "[12]\n[ 3, 4]\n007\n-1\n")
    assert read_numbers(path) == ["12", "3", "7", "-1"]
    with pytest.raises(MissingDataError, match=r"b.tsv:2: `x` is not a line number"):
        read_numbers(write("b.tsv", "1\nx\n"))


@pytest.mark.parametrize("line", ["9" * 5000, "-" + "9" * 19, f"[{'9' * 5000}, 1]"])
def test_a_number_of_many_digits_is_no_line_number(write, line):
    with pytest.raises(MissingDataError, match=r"a.tsv:2: `\W?\W?9{10,40}` is not a line number"):
        read_numbers(write("a.tsv", f"1\n{line}\n"))


def test_pairs_of_ids(write):
    assert read_pairs(write("a.tsv", "de-1\ten-2\n\nde-3\ten-4")) == [
        ("de-1", "en-2"),
        ("de-3", "en-4"),
    ]
    assert read_pairs(write("b.tsv", "")) == []
    with pytest.raises(MissingDataError, match=r"c.tsv:1: 3 columns"):
        read_pairs(write("c.tsv", "1.2\tde-1\ten-2\n"))


@pytest.mark.parametrize(
    "text",
    [
        "A\nB\n\nC\n",
        "\n\nA\nB\n\n\nC",
        "x\tA\ny\tB\n\nz\tC\n\n",
        "x A\r\ny B\r\n\r\nde:z\tC\r\n",
        "-DOCSTART- -X- O\n\nx A\ny B\n-DOCSTART- -X-\nz C\n",
        "x\tA\n-DOCSTART-\tB\n\nz\tC\n",
    ],
)
def test_tags_of_every_layout(write, text):
    assert in_sentences(tag_lines(write("a", text))) == [["A", "B"], ["C"]]


def test_short_sentences_are_padded_only_where_the_script_does(write):
    path = write("a", "O")
    gold, predicted = [["A", "B"], ["C"]], [["A"], ["C"]]
    assert same_sentences(gold, predicted, path, pad=True) == [["A", "O"], ["C"]]
    with pytest.raises(MissingDataError, match="sentence 1: 1 tags for 2 words"):
        same_sentences(gold, predicted, path)
    with pytest.raises(MissingDataError, match="sentence 2: 2 tags for 1 words"):
        same_sentences(gold, [["A", "B"], ["C", "C"]], path, pad=True)
    with pytest.raises(MissingDataError, match="1 sentences, but the labels have 2"):
        same_sentences(gold, [["A", "B"]], path, pad=True)


def test_questions(write):
    path = write("a.json", squad(("1", ["x", "y"]), ("2", [], True)))
    questions = read_questions(path)
    assert (questions.ids, questions.answers) == (("1", "2"), (("x", "y"), ()))
    assert questions.impossible
    document = json.loads(squad(("1", ["x"])))["data"]
    assert read_questions(write("b.json", json.dumps(document))).ids == ("1",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (squad(("1", [""]), ("2", ["x"])), "1 of 2 questions have blank answers"),
        (squad(("1", []), ("2", [])), "2 of 2 questions have blank answers"),
        (squad(), "does not contain any questions"),
        ('{"version": 1}', "not in the SQuAD format"),
        ('{"data": [{"paragraphs": [{"qas": [{"answers": []}]}]}]}', "not in the SQuAD format"),
        ("{", "not JSON"),
        ("", "empty"),
    ],
)
def test_label_files_that_cannot_be_scored_against(write, text, message):
    with pytest.raises(MissingDataError, match=message):
        read_questions(write("a.json", text))


def test_answers_by_id(write):
    path = write("a.json", '{"1": "x", "9": "y"}')
    predicted, remarks = read_answers(path, ["1", "2"])
    assert predicted == ["x", None]
    assert remarks == [
        "1 of 2 questions have no prediction (`2`)",
        (
            "1 of 2 predictions are for questions that are not in the labels (`9`); they are not "
            "counted"
        ),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"9": "x"}', "none of its 1 question ids is in the labels"),
        ('{"1": null}', "question `1`: the answer is None"),
        ('["x"]', "expected a JSON object"),
    ],
)
def test_answer_files_that_do_not_fit(write, text, message):
    with pytest.raises(MissingDataError, match=message):
        read_answers(write("a.json", text), ["1"])


def test_scores_by_id(write):
    assert read_scores(write("a.json", '{"1": 0.5, "2": -3}')) == {"1": 0.5, "2": -3.0}
    with pytest.raises(MissingDataError, match="question `1`: True is not a number"):
        read_scores(write("b.json", '{"1": true}'))
    with pytest.raises(MissingDataError, match="nan is not a number"):
        read_scores(write("c.json", '{"1": NaN}'))
    with pytest.raises(MissingDataError, match=r"question `1`: 9{40}\.\.\. is too large"):
        read_scores(write("d.json", f'{{"1": {"9" * 400}}}'))


def test_what_holds_no_labels_is_refused(write):
    path = write("test-de.tsv", "x")
    assert require_known(path, ["0", "1", "strange"], ("0", "1")) is None
    assert require_known(path, ["0"] * 9, ("0", "1")) == Constant("0", 9)
    assert require_known(path, ["O"] * 60, ("O",), count=9) == Constant("O", 9)
    with pytest.raises(MissingDataError, match=r"`ein` and 1 more of 3 are not labels"):
        require_known(path, ["ein", "Satz", "0"], ("0", "1"))
    with pytest.raises(MissingDataError, match=r"test-de.tsv:2: no label"):
        require_known(path, ["0", "", "1"], ("0", "1"))
    with pytest.raises(MissingDataError, match="all 10 labels are `0`: placeholders"):
        require_known(path, ["0"] * 10, ())
    with pytest.raises(MissingDataError, match="all 60 labels are `O`: placeholders"):
        require_known(path, ["O"] * 60, ("O",), count=10)
