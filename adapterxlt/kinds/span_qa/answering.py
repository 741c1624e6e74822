"""The workings of question answering."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerBase

from adapterxlt.kinds.answers import Answer, PredictedSpan
from adapterxlt.kinds.ends import ends
from adapterxlt.kinds.facts import HeadFacts, Limits, TaskFacts
from adapterxlt.kinds.features import IGNORED, Feature
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.span_qa.best_span import Span, best_span, null_score
from adapterxlt.kinds.span_qa.spans import answer_spans, answer_tokens
from adapterxlt.kinds.workings import (
    Logits,
    Outputs,
    Prediction,
    Workings,
    halves,
    missing_label,
)
from adapterxlt.metrics.answers import (
    MLQA_LANGUAGES,
    Normalise,
    answer_scores,
    normaliser,
    question_scores,
    squad2_questions,
    squad2_scores,
)
from adapterxlt.metrics.statistics import Column

NO_ANSWER = (0, 0)  # label of a window that does not hold the answer
QUESTION_TOKENS = 64  # longest question kept, `max_query_length` of Google's run_squad.py
# Those whose script compares answers by the rules of their language.
MLQA_TASKS = ("mlqa", "mlqa_cross", "xglue_mlqa")


class SpanQA(Workings):
    """The question, then a window of the context; a label is (first, last) token of the answer,
    (0, 0) where the window does not hold it."""

    def encode(
        self,
        examples: Sequence[QAExample],
        tokenizer: PreTrainedTokenizerBase,
        limits: Limits,
        labels: Sequence[str] | None,
    ) -> list[Feature]:
        max_length = limits.max_length
        cls, sep = ends(tokenizer)
        between = [sep] * max(1, tokenizer.num_special_tokens_to_add(pair=True) - 2)
        # Not verbose: what is too long for the model is cut into windows.
        plain = {"add_special_tokens": False, "return_attention_mask": False, "verbose": False}
        questions = tokenizer([example.question for example in examples], **plain)["input_ids"]
        contexts = sorted({example.context for example in examples})  # asked about several times
        encoded = tokenizer(contexts, return_offsets_mapping=True, **plain)
        row_of = {context: row for row, context in enumerate(contexts)}
        features = []
        for index, example in enumerate(examples):
            if labels is not None and example.answers is None:
                raise missing_label(example)
            row = row_of[example.context]
            ids = encoded["input_ids"][row]
            spans = answer_spans(example.context, encoded["offset_mapping"][row])
            question = questions[index][: min(QUESTION_TOKENS, max_length // 2 - 2)]
            head = [cls, *question, *between]
            room = max_length - len(head) - 1
            answer = answer_tokens(spans, *example.answers[0]) if example.answers else None
            for start, end in _context_windows(len(ids), room, limits.doc_stride):
                label = None
                if labels is not None:
                    label = NO_ANSWER
                    if answer and start <= answer[0] and answer[1] < end:
                        shift = len(head) - start
                        label = (answer[0] + shift, answer[1] + shift)
                offsets = [*[None] * len(head), *spans[start:end], None]
                window = [*head, *ids[start:end], sep]
                features.append(Feature(index, [window], label, offsets=offsets))
        return features

    def points(self, features: Sequence[Feature], draw: np.random.Generator) -> list[Feature]:
        """A word of the answer, class 1, of a random half of the questions; else one outside it.

        Only windows that hold their answer count. A word is a token of the context, as texts of
        some languages do not part words by spaces.
        """
        divided = [(feature, *_divided(feature)) for feature in features]
        both = [each for each in divided if each[1] and each[2]]
        found = []
        for (feature, inside, outside), right in zip(both, halves(len(both), draw), strict=True):
            label = [IGNORED] * feature.length
            label[draw.choice(inside if right else outside)] = int(right)
            found.append(Feature(feature.example, feature.input_ids, label))
        return found

    def collate(self, features: Sequence[Feature], width: int) -> dict[str, Tensor]:
        spans = torch.tensor([feature.label for feature in features])
        return {"start_positions": spans[:, 0], "end_positions": spans[:, 1]}

    def add_head(self, model: Any, name: str, head: HeadFacts, activation: str) -> None:
        model.add_qa_head(name)

    def loss(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """The mean of start and end an example, over real tokens.

        Were padding among the candidates, the loss would depend on what else is in the batch.
        """
        padding = batch["attention_mask"] == 0
        start = outputs.start_logits.float().masked_fill(padding, float("-inf"))
        end = outputs.end_logits.float().masked_fill(padding, float("-inf"))
        start_loss = cross_entropy(start, batch["start_positions"], reduction="sum")
        return (start_loss + cross_entropy(end, batch["end_positions"], reduction="sum")) / 2

    def decode(
        self,
        examples: Sequence[QAExample],
        outputs: Outputs,
        task: TaskFacts,
        odds: dict[str, float] | None,
    ) -> list[Prediction]:
        """Answer texts; "" if there is none, and where a task has questions without an answer,
        if that scores higher than the best answer (SQuAD 2.0)."""
        answers: list[Prediction] = []
        best = _best(len(examples), outputs)
        for example, (found, null) in zip(examples, best, strict=True):
            odd = _odd(found, null)
            if odds is not None:
                odds[example.id] = odd
            if task.no_answer and odd > 0:
                found = None
            answers.append(example.context[found.start : found.end] if found else "")
        return answers

    def answers(
        self,
        examples: Sequence[QAExample],
        outputs: Sequence[tuple[Feature, dict[str, Logits]]],
        task: TaskFacts,
    ) -> list[Answer]:
        totals = [-np.inf] * len(examples)  # log of the sum of exp(start + end) over all windows
        for feature, output in outputs:
            length = feature.length
            start, end = (output[name][:length] for name in ("start_logits", "end_logits"))
            here = _log_sum(start) + _log_sum(end)
            totals[feature.example] = float(np.logaddexp(totals[feature.example], here))
        best = _best(len(examples), outputs)
        answers: list[Answer] = []
        for example, total, (found, null) in zip(examples, totals, best, strict=True):
            odd = _odd(found, null)
            told = odd if task.no_answer else None
            if found is None or (task.no_answer and odd > 0):
                answers.append(PredictedSpan("", None, None, _share(null, total), told))
                continue
            text = example.context[found.start : found.end]
            share = _share(found.score, total)
            answers.append(PredictedSpan(text, found.start, found.end, share, told))
        return answers

    def right(self, example: QAExample, task: TaskFacts) -> object:
        return [text for _, text in example.answers or ()]

    def score(
        self,
        examples: Sequence[QAExample],
        predictions: Sequence[str],
        task: TaskFacts,
        language: str,
    ) -> dict[str, float]:
        gold = [[text for _, text in example.answers or ()] for example in examples]
        if task.no_answer:
            ids = [example.id for example in examples]
            return squad2_scores(squad2_questions(ids, gold, predictions))
        return answer_scores(gold, predictions, _normaliser(task, language))

    def outcomes(
        self,
        examples: Sequence[QAExample],
        predictions: Sequence[str],
        task: TaskFacts,
        language: str,
    ) -> dict[str, Column]:
        """Exact match and F1 of each question, from 0 to 1, with the best of several answers."""
        gold = [[text for _, text in example.answers or ()] for example in examples]
        if task.no_answer:
            ids = [example.id for example in examples]
            scored = squad2_questions(ids, gold, predictions)
            found = [(bool(question.exact), question.f1) for question in scored]
        else:
            found = question_scores(gold, predictions, _normaliser(task, language))
        exact, f1 = np.array(found, dtype=np.float64).T
        return {"exact": exact.astype(bool), "f1": f1}

    def submission(
        self, examples: Sequence[QAExample], predictions: Sequence[str], task: TaskFacts
    ) -> str:
        """Answers by the questions' ids, as JSON."""
        answers = {example.id: text for example, text in zip(examples, predictions, strict=True)}
        return json.dumps(answers, ensure_ascii=False, indent=1) + "\n"


def _divided(feature: Feature) -> tuple[list[int], list[int]]:
    """The tokens of the context that belong to the answer, and the others."""
    if not isinstance(feature.label, tuple) or feature.label == NO_ANSWER:
        return [], []
    first, last = feature.label
    context = [token for token, span in enumerate(feature.offsets) if span is not None]
    inside = [token for token in context if first <= token <= last]
    return inside, [token for token in context if not first <= token <= last]


def _normaliser(task: TaskFacts, language: str) -> Normalise:
    """The function with which the script of a task compares answers."""
    context = language.partition("-")[0]
    by_language = task.name in MLQA_TASKS and context in MLQA_LANGUAGES
    return normaliser(context if by_language else None)


def _best(count: int, outputs: Outputs) -> list[tuple[Span | None, float]]:
    """The best answer to each question in all windows, and the score of having no answer."""
    spans: dict[int, Span] = {}
    nulls: dict[int, float] = {}
    for feature, output in outputs:
        start, end = output["start_logits"], output["end_logits"]
        span = best_span(feature, start, end)
        null = null_score(start, end)
        nulls[feature.example] = min(null, nulls.get(feature.example, null))
        known = spans.get(feature.example)
        if span and (known is None or _rank(span) < _rank(known)):
            spans[feature.example] = span
    return [(spans.get(index), nulls.get(index, 0.0)) for index in range(count)]


def _odd(found: Span | None, null: float) -> float:
    """How much higher "no answer" scores than the best answer."""
    return null - (found.score if found else 0.0)


def _log_sum(logits: Logits) -> float:
    return float(np.logaddexp.reduce(logits.astype(np.float64)))


def _share(score: float, total: float) -> float:
    return float(np.exp(min(0.0, score - total)))


def _rank(span: Span) -> tuple[float, int, int]:
    # Windows arrive longest first, not in the order of the text: equal scores need a rule.
    return -span.score, span.start, span.end


def _context_windows(length: int, room: int, overlap: int) -> list[tuple[int, int]]:
    """Windows of `room` tokens, neighbours sharing `overlap` (at most half of a window)."""
    step = room - min(overlap, room // 2)
    windows = [(0, min(room, length))]
    while windows[-1][1] < length:
        start = windows[-1][0] + step
        windows.append((start, min(start + room, length)))
    return windows
