"""The retrieval protocols of public scripts, as data. No torch.

The scripts disagree on the layer, on pooling and on what happens to repeated sentences. Numbers
can only be compared if they come from the same protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from adapterxlt.errors import UsageError
from adapterxlt.search.names import Margin
from adapterxlt.suggest import suggest
from adapterxlt.vectors.names import Pooling, Transform

Duplicates = Literal["drop", "expand"]
Retrieval = Literal["max", "intersection", "forward", "backward"]


@dataclass(frozen=True)
class LayerRule:
    """Which hidden state to take: 0 is the embeddings, `depth` the last layer.

    Args:
        published: encoder depth -> layer, for the depths that the script names.
        share: the layer as a share of the depth, for every other depth.
    """

    published: Mapping[int, int]
    share: float

    def layer(self, depth: int) -> int:
        """The layer for an encoder of `depth` layers."""
        return self.published.get(depth, round(self.share * depth))


@dataclass(frozen=True)
class Vectors:
    """How sentence vectors are made.

    Args:
        layer: which hidden state is used, unless the recipe lists `layers`.
        pooling: `mean` over all tokens with <s> and </s>, `mean-no-special` without them,
            `cls` the first token, `max` over all tokens.
        normalise: scale to length 1, so that inner products are cosines.
    """

    layer: LayerRule
    pooling: Pooling = "mean"
    normalise: bool = True


@dataclass(frozen=True)
class Protocol:
    """One published way to evaluate retrieval.

    Tatoeba: each English sentence looks for its translation among all foreign ones, top 1
    (`accuracy`); the other direction is reported too. Among equal scores the lower row
    comes first.
    BUCC: each side's `k` nearest neighbours score its candidates by `margin`; the best candidates
    of both directions are matched one to one, best score first; the threshold with the best F1
    on dev gold is applied to test.

    Args:
        name: the name a recipe uses.
        tatoeba: vectors for Tatoeba.
        bucc: vectors for BUCC.
        margin: how a cosine is compared with those of the neighbours. A `ratio` has a meaning only
            if the mean cosine of the neighbourhoods is above 0; other pairs are never taken. A
            `distance` may be below 0.
        k: neighbours per sentence.
        retrieval: whose proposals count in mining, see `bucc.match`.
        transform: `centre` or `whiten` the vectors of each side with the mean (and covariance) of
            that side's own text, before they are scaled to length 1. Without a transform the
            lengths of vectors do not matter; with one, long vectors move their side's mean more.
        csls: rank Tatoeba by CSLS (Conneau et al. 2018, 10 neighbours) instead of the cosine; for
            mining this is the `distance` margin.
        duplicates: a sentence that occurs several times takes part in mining once; its pairs are
            then left out (`drop`) or emitted for every combination of ids (`expand`).
        source: where the values come from.
    """

    name: str
    tatoeba: Vectors
    bucc: Vectors
    duplicates: Duplicates
    source: str
    margin: Margin = "ratio"
    k: int = 4
    retrieval: Retrieval = "max"
    transform: Transform = "none"
    csls: bool = False


# hidden_states[14] of XLM-R large (`specific_layer 13` of 24) and [8] of mBERT (7 of 12)
_XTREME_TATOEBA = LayerRule({12: 8, 24: 14}, 14 / 24)
# `specific_layer 7` counted among the last 12 layers, as the script never passes --num_layers
_XTREME_BUCC = LayerRule({12: 8, 24: 20}, 8 / 12)
_JIANT = LayerRule({24: 14}, 14 / 24)
_LAST = LayerRule({}, 1.0)

_ALL = (
    Protocol(
        name="xtreme-2020",
        tatoeba=Vectors(_XTREME_TATOEBA),
        bucc=Vectors(_XTREME_BUCC),
        duplicates="drop",
        source="google-research/xtreme at 1e21ba0 (May 2020), run_tatoeba.sh and run_bucc2018.sh; "
        "its --pool_type was ignored, so BUCC too was mean-pooled",
    ),
    Protocol(
        name="xtreme-head",
        tatoeba=Vectors(_XTREME_TATOEBA),
        bucc=Vectors(_XTREME_BUCC, pooling="cls"),
        duplicates="drop",
        source="google-research/xtreme at 838c13b: since commit 287a7b7 (October 2021) BUCC "
        "takes the first token",
    ),
    Protocol(
        name="jiant",
        tatoeba=Vectors(_JIANT),
        bucc=Vectors(_JIANT),
        duplicates="expand",
        source="nyu-mll/jiant at daa5a25: tasks/lib/{bucc2018,tatoeba}.py, taskmodels.py",
    ),
    Protocol(
        name="laser",
        tatoeba=Vectors(_LAST, pooling="max"),
        bucc=Vectors(_LAST, pooling="max"),
        duplicates="drop",
        source="facebookresearch/LASER at 74bc6ae: mining and pooling of its encoder, here over "
        "the last layer of a transformer",
    ),
)
PROTOCOLS: dict[str, Protocol] = {protocol.name: protocol for protocol in _ALL}


# The changes that `+NAME` after a preset makes.
OPTIONS: dict[str, dict[str, Any]] = {
    "centre": {"transform": "centre"},
    "whiten": {"transform": "whiten"},
    "csls": {"csls": True, "margin": "distance"},
    "distance": {"margin": "distance"},
    "absolute": {"margin": "absolute"},
    "forward": {"retrieval": "forward"},
    "backward": {"retrieval": "backward"},
    "intersection": {"retrieval": "intersection"},
    **{pooling: {"pooling": pooling} for pooling in get_args(Pooling)},
}


def get_protocol(name: str) -> Protocol:
    """Return the preset of a name, changed by the options after it: `jiant+centre+csls`.

    Raises:
        UsageError: there is no such preset or option, or two options change the same thing.
    """
    preset, *options = name.split("+")
    if preset not in PROTOCOLS:
        raise UsageError(
            f"unknown protocol `{preset}`",
            hint=suggest(preset, PROTOCOLS, see="adapterxlt list presets"),
        )
    changes: dict[str, Any] = {}
    for option in options:
        if option not in OPTIONS:
            raise UsageError(
                f"unknown option `{option}` of protocol `{name}`",
                hint=suggest(option, OPTIONS),
            )
        if changes.keys() & OPTIONS[option].keys():
            raise UsageError(f"protocol `{name}`: its options contradict each other")
        changes.update(OPTIONS[option])
    protocol = PROTOCOLS[preset]
    pooling = changes.pop("pooling", None)
    if pooling:
        changes["tatoeba"] = replace(protocol.tatoeba, pooling=pooling)
        changes["bucc"] = replace(protocol.bucc, pooling=pooling)
    return replace(protocol, name=name, **changes)


def choose_layers(
    layers: Literal["all"] | Sequence[int] | None, vectors: Vectors, depth: int
) -> tuple[int, ...]:
    """Return the layers to measure, ascending: the requested ones; for None the protocol's own.

    Raises:
        UsageError: a layer lies outside 0..depth.
    """
    if layers is None:
        return (vectors.layer.layer(depth),)
    if layers == "all":
        return tuple(range(depth + 1))
    wrong = [layer for layer in layers if not 0 <= int(layer) <= depth]
    if wrong or not layers:
        told = f"no layer {wrong[0]}" if wrong else "no layer asked for"
        raise UsageError(told, hint=f"{_LAYERS} {depth}, or `all`")
    return tuple(sorted({int(layer) for layer in layers}))


def choose_layer(layer: int | None, vectors: Vectors, depth: int) -> int:
    """Return the one layer to use: the requested one; for None the protocol's own.

    Raises:
        UsageError: the layer lies outside 0..depth.
    """
    if layer is None:
        return vectors.layer.layer(depth)
    if not 0 <= layer <= depth:
        raise UsageError(f"no layer {layer}", hint=f"{_LAYERS} {depth}")
    return layer


_LAYERS = "this encoder has the layers 0 (embeddings) to"
