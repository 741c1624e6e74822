from __future__ import annotations

import pytest
import torch

from adapterxlt.errors import AdapterXLTError
from adapterxlt.evaluation.predict import predict
from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.progress import Silent
from tests import tiny
from tests.facts import Facts

CLASSES = 5


def run(built, examples, kind, no_answer=False, **settings):
    settings = {"max_length": 32, "doc_stride": 8, "token_budget": 128, **settings}
    return predict(built, examples, Facts(kind, no_answer=no_answer), progress=Silent(), **settings)


def one_hot(ids):
    """[..., CLASSES]: each token votes for its id modulo CLASSES."""
    return torch.nn.functional.one_hot(ids % CLASSES, CLASSES).float()


def test_one_class_a_pair_in_the_order_of_the_input(scripted, tokenizer):
    built = scripted(lambda ids: {"logits": one_hot(ids[1])})
    examples = [PairExample(str(i), text, "yes", None) for i, text in enumerate(tiny.SENTENCES)]
    expected = [tokenizer(example.text_a)["input_ids"][1] % CLASSES for example in examples]
    assert run(built, examples, "pair_classification") == expected
    assert len(built.shapes) > 1
    assert all(rows * width <= 128 for rows, width in built.shapes)


def test_what_memory_does_not_take_goes_through_in_smaller_batches(scripted):
    examples = [PairExample(str(i), text, "yes", None) for i, text in enumerate(tiny.SENTENCES)]
    whole = run(scripted(lambda ids: {"logits": one_hot(ids[1])}), examples, "pair_classification")
    small = scripted(lambda ids: {"logits": one_hot(ids[1])})
    passes = small.model

    def bounded(input_ids, attention_mask):
        if input_ids.numel() > 40:
            raise torch.OutOfMemoryError
        return passes(input_ids, attention_mask)

    bounded.device = passes.device
    small.model = bounded
    assert run(small, examples, "pair_classification") == whole
    assert len(small.shapes) > 1


@pytest.mark.parametrize("max_length", [8, 12, 64])
def test_every_word_gets_the_tag_of_the_token_that_carries_it(scripted, tokenizer, max_length):
    built = scripted(lambda ids: {"logits": one_hot(ids)})
    examples = [
        TaggingExample(str(i), tuple(text.split()), None)
        for i, text in enumerate([*tiny.SENTENCES, " ".join(tiny.SENTENCES[:5])])
    ]
    bare = tokenizer.convert_tokens_to_ids("▁")
    tags = run(built, examples, "tagging", max_length=max_length)
    for example, predicted in zip(examples, tags, strict=True):
        pieces = [tokenizer(word, add_special_tokens=False)["input_ids"] for word in example.words]
        # A bare word mark says nothing: the piece after it carries the tag.
        carriers = [ids[1] if ids[0] == bare and len(ids) > 1 else ids[0] for ids in pieces]
        assert predicted == [token % CLASSES for token in carriers]


def test_an_answer_is_found_in_any_window_of_a_long_context(scripted, tokenizer):
    context = " ".join(tiny.SENTENCES)
    answers = ["guitar", "Berlin", "hospital", "Hamburg"]
    wanted = {
        answer: tokenizer(answer, add_special_tokens=False)["input_ids"] for answer in answers
    }
    questions = {}

    def answer(ids):
        # The question is the answer itself; look for its tokens behind the two </s>.
        row = ids.tolist()
        sep = row.index(tokenizer.sep_token_id)
        tokens = row[1:sep]
        start, end = torch.zeros(len(row)), torch.zeros(len(row))
        for place in range(sep + 2, len(row) - len(tokens)):
            if row[place : place + len(tokens)] == tokens:
                start[place], end[place + len(tokens) - 1] = 5.0, 5.0
                questions[tuple(tokens)] = True
        return {"start_logits": start, "end_logits": end}

    examples = [QAExample(text, text, context, None) for text in wanted]
    built = scripted(answer)
    assert run(built, examples, "span_qa", max_length=48, doc_stride=16) == answers
    assert len(questions) == len(answers)


def test_a_context_without_tokens_gives_an_empty_answer(scripted):
    built = scripted(
        lambda ids: {"start_logits": torch.zeros(len(ids)), "end_logits": torch.zeros(len(ids))}
    )
    examples = [QAExample("1", "Who?", "", None), QAExample("2", "Who?", "Mary", None)]
    answers = run(built, examples, "span_qa")
    assert answers[0] == ""
    assert answers[1] != ""
    assert answers[1] in "Mary"


def test_choices_may_differ_in_number(scripted, tokenizer):
    built = scripted(lambda ids: {"logits": (ids != tokenizer.pad_token_id).sum(dim=1).float()})
    long, short = tiny.SENTENCES[0], "a"
    examples = [
        ChoiceExample("1", "It rained.", (short, long), None),
        ChoiceExample("2", "It rained.", (short, short, short, long, short), None),
        ChoiceExample("3", "It rained.", (long, short), None),
    ]
    assert run(built, examples, "multiple_choice", max_length=64) == [1, 3, 0]
    assert {shape[1] for shape in built.shapes} == {2, 5}


def test_outputs_that_are_not_finite_are_refused(scripted):
    built = scripted(lambda ids: {"logits": torch.tensor([float("nan"), 0.0])})
    with pytest.raises(AdapterXLTError, match="NaN or infinity"):
        run(built, [PairExample("1", "a", "b", 0)], "pair_classification")


def test_no_examples_no_predictions(scripted):
    assert run(scripted(lambda ids: {}), [], "tagging") == []


@pytest.mark.parametrize(("null", "answers"), [(4.0, ["Mary", "Mary"]), (6.0, ["", "Mary"])])
def test_no_answer_where_it_scores_higher_in_every_window(scripted, tokenizer, null, answers):
    mary = tokenizer("Mary", add_special_tokens=False)["input_ids"]
    short = len(tokenizer("Who?", "Mary")["input_ids"])

    def answer(ids):
        row = ids.tolist()
        start, end = torch.zeros(len(row)), torch.zeros(len(row))
        places = [i for i in range(len(row)) if row[i : i + len(mary)] == mary]
        # One window of the second, long context does not speak for "no answer".
        start[0] = end[0] = (
            0.0 if places and len(row) - row.count(tokenizer.pad_token_id) > short else null
        )
        for place in places:
            start[place], end[place + len(mary) - 1] = 5.0, 5.0
        return {"start_logits": start, "end_logits": end}

    long = " ".join([*tiny.SENTENCES[:8], "Mary"])
    examples = [QAExample("1", "Who?", "Mary", None), QAExample("2", "Who?", long, None)]
    built = scripted(answer)
    assert run(built, examples, "span_qa", no_answer=True) == answers
    odds: dict[str, float] = {}
    assert run(built, examples, "span_qa", odds=odds) == ["Mary", "Mary"]
    assert odds == {"1": 2 * null - 10, "2": -10}
