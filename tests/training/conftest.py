from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.tagging import TaggingExample
from tests.tiny import SENTENCES


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tiny tensors only lose by being shared among threads, and equal bits are compared."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def backbone(tiny_backbone: Path) -> Backbone:
    return inspect_backbone("tiny", tiny_backbone)


def make_examples(kind: str, count: int, seed: int = 0) -> list[Example]:
    """Examples of a kind whose labels can be read off the text."""
    rng = random.Random(seed)
    made: list[Example] = []
    for index in range(count):
        one = rng.choice(SENTENCES)
        name = str(index)
        if kind == "pair_classification":
            label = rng.randrange(2)
            made.append(PairExample(name, SENTENCES[label], one, label))
        elif kind == "tagging":
            words = tuple(one.split())
            made.append(TaggingExample(name, words, tuple(int(w[0].isupper()) for w in words)))
        elif kind == "span_qa":
            made.append(QAExample(name, "Who?", one, ((0, one.split()[0]),)))
        else:
            label = rng.randrange(2)
            right, wrong = SENTENCES[0], SENTENCES[-1]
            choices = (right, wrong) if label == 0 else (wrong, right)
            made.append(ChoiceExample(name, one, choices, label))
    return made
