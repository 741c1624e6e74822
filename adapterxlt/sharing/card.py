"""Writes the model card: description, training data, scores and use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal

from adapterxlt.errors import UsageError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.kinds.sentence_retrieval import SENTENCE_RETRIEVAL
from adapterxlt.methods.parser import parse_method
from adapterxlt.methods.traits import PADDING_NOTE, counts_padding
from adapterxlt.sharing.facts import (
    data_of,
    describe_data,
    describe_lineage,
    languages_of,
    last_params,
    method_of,
    methods_of,
    stands_on,
    task_of,
)
from adapterxlt.sharing.locate import IMPORTED
from adapterxlt.sharing.scores import metric_text
from adapterxlt.show import printable
from adapterxlt.store.manifest import Manifest
from adapterxlt.tasks.catalogue import catalogue
from adapterxlt.tasks.origin import POCKET, describe_origins, hub_id

CARD_FILE = "README.md"
# One adapter that plain `adapters` loads; several parts; a checkpoint that transformers has a
# head for; anything else.
Form = Literal["adapter", "parts", "checkpoint", "other"]
# What is markup anywhere, an underscore at the edge of a word, what is markup where a line begins.
_SPECIAL = re.compile(r"([\\`*\[\]<|~]|(?<![^\W_])_|_(?![^\W_])|^[#>+=-])")
_SETTINGS = (
    *("lr", "epochs", "keep", "dev_cap", "max_steps", "batch_size", "max_length"),
    *("seed", "cap", "precision"),
)


def write_card(
    manifest: Manifest,
    scores: list[dict[str, Any]],
    form: Form,
    kinds: Mapping[str, str] | None = None,
) -> str:
    """Return the card as text, its metadata in front.

    Args:
        manifest: with its artifact section.
        scores: as `metrics.json` has them.
        form: what other libraries can make of it.
        kinds: of its heads, by task.
    """
    from huggingface_hub import EvalResult, ModelCardData

    facts = manifest.artifact
    assert facts is not None
    results = [
        EvalResult(
            task_type=_pipeline(score, kinds or {}),
            task_name=str(score["task"]),
            dataset_type=_dataset_type(score.get("data", [])),
            dataset_name=f"{score['task']} ({score['language']}), "
            f"{describe_origins(score.get('data'))}",
            dataset_config=str(score["language"]),
            dataset_split=str(score["split"]),
            metric_type=str(score["metric"]),
            metric_value=score["value"],
        )
        for score in scores
    ]
    data = ModelCardData(
        base_model=facts.backbone.name,
        datasets=_hub_ids(manifest) or None,
        language=languages_of(manifest) or None,
        library_name="adapters" if form == "adapter" else "adapterxlt",
        license=facts.license or None,
        model_name=manifest.title,
        eval_results=results or None,
        tags=["adapterxlt", "adapters", "cross-lingual"],
    )
    text = f"---\n{data.to_yaml()}\n---\n\n{_body(manifest, scores, form)}"
    return printable(text, lines=True)


def _body(manifest: Manifest, scores: list[dict[str, Any]], form: Form) -> str:
    facts = manifest.artifact
    assert facts is not None
    params = last_params(manifest)
    settings = ", ".join(f"{key} {params[key]}" for key in _SETTINGS if params.get(key) is not None)
    labels = [
        f"| labels of {escape(task)} | {', '.join(map(escape, names))} |"
        for task, names in facts.labels.items()
        if names
    ]
    override = []
    if facts.override:
        was = f"{escape(facts.override.name)}, content {facts.override.hash[:16]}"
        override = [f"| **trained on another backbone** | {was} |"]
    used = [
        f"{name} {manifest.environment[name]}"
        for name in ("adapters", "transformers", "torch")
        if name in manifest.environment
    ]
    rows = [
        f"# {escape(manifest.title)}",
        "",
        _summary(manifest, facts.backbone.name),
        "",
        *_note_on_data(manifest, scores),
        "| | |",
        "| --- | --- |",
        f"| lineage | {escape(describe_lineage(manifest))} |",
        f"| data | {escape(describe_data(manifest)) or 'unknown'} |",
        f"| backbone | {escape(facts.backbone.name)}, content {facts.backbone.hash[:16]} |",
        *override,
        *_language_adapters(manifest, scores),
        f"| settings | {escape(settings) or 'unknown'} |",
        *labels,
        f"| licence | {escape(facts.license) or 'not stated'} |",
        f"| libraries | {escape(', '.join(used)) or 'unknown'} |",
        f"| fingerprint | {manifest.fingerprint[:16]} |",
        "",
        "## Measured",
        "",
        *_scores(scores),
        "",
        "## Use",
        "",
        "```",
        "adapterxlt artifact import THIS_FOLDER_OR_BUNDLE",
        "```",
        "",
        *_plain(form),
        *_note_on_padding(manifest, form),
    ]
    return "\n".join(rows) + "\n"


def _summary(manifest: Manifest, backbone: str) -> str:
    if manifest.kind != IMPORTED:
        return (
            f"{escape(method_of(manifest))} trained on "
            f"{escape(task_of(manifest) or 'unknown data')}, on the backbone {escape(backbone)}, "
            f"by recipe {escape(manifest.recipe)}."
        )
    params = last_params(manifest)
    said = ""
    if params.get("said_backbone"):
        said = f" Its own files name {escape(params['said_backbone'])}."
    return (
        f"{escape(method_of(manifest))} imported from a folder that "
        f"{escape(params.get('library', 'another library'))} wrote. **Unknown**: its training "
        "data, languages and settings, and who trained it. It is therefore also unknown whether "
        "it has seen texts of an evaluation. The person who imported it stated that its backbone "
        f"is {escape(backbone)}.{said}"
    )


def _language_adapters(manifest: Manifest, scores: list[dict[str, Any]]) -> list[str]:
    """The language adapter in the artifact, and the others that it was measured with."""
    below, spoken = stands_on(manifest), dict[str, str]()
    for score in scores:
        language, address = score.get("language_adapter"), score.get("language_adapter_fingerprint")
        if language and address:
            spoken[str(language)] = str(address)
    params = below.get("params") if below is not None else None
    if below is None or not isinstance(params, dict):
        return []
    task = catalogue().get(str(params.get("task")))
    if not any("language_adapter" in score for score in scores) and (
        task is None or not get_kind(task.kind).any_text
    ):
        return []
    language, task_name, method = (escape(params.get(k)) for k in ("language", "task", "method"))
    address = escape(below.get("fingerprint"))[:16]
    rows = [f"| language adapter in it | {language} ({task_name}, {method}), {address} |"]
    if spoken:
        listed = ", ".join(f"{escape(code)} {escape(spoken[code])[:16]}" for code in sorted(spoken))
        rows.append(f"| measured with those of | {listed} (artifacts of their own) |")
    return rows


def _hub_ids(manifest: Manifest) -> list[str]:
    """The data sets of the Hub that it was trained on; other data must not use their names."""
    origins = [origin for found in data_of(manifest).values() for origin in found]
    return list(dict.fromkeys(found for found in map(hub_id, origins) if found))


def _pipeline(score: Mapping[str, Any], kinds: Mapping[str, str]) -> str:
    """The Hub's name for the kind of a measured task; a user's task gets it from its metric."""
    task = str(score["task"])
    if task in catalogue():
        return get_kind(catalogue()[task].kind).pipeline
    if score.get("layer") is not None:
        return SENTENCE_RETRIEVAL.pipeline
    if task not in kinds and len({*kinds.values()}) != 1:
        return "other"
    try:
        return get_kind(kinds.get(task) or next(iter(kinds.values()))).pipeline
    except UsageError:  # of a package that is not installed here
        return "other"


def _dataset_type(origins: list[str]) -> str:
    """The id of a data set in a model-index, for data that may have no id."""
    (origin,) = origins if len(origins) == 1 else [""]
    return hub_id(origin) or (POCKET if origin == POCKET else "local")


def _note_on_data(manifest: Manifest, scores: list[dict[str, Any]]) -> list[str]:
    origins = {origin for found in data_of(manifest).values() for origin in found}
    origins |= {origin for score in scores for origin in score.get("data", [])}
    if POCKET not in origins:
        return []
    return [
        "`pocket` is small data that adapterxlt generates itself, in the layouts of these tasks. "
        "It is not the data sets of these names: scores on it say nothing about real text.",
        "",
    ]


def _scores(scores: list[dict[str, Any]]) -> list[str]:
    if not scores:
        return ["Nothing was measured when this card was written."]
    rows = [
        "| task | data | split | language | metric | value | n |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    seen = []
    for score in scores:
        mark = ""
        if score.get("contamination"):
            mark = " !"
            seen.append(f"{score['task']} {score['language']}: {score['contamination']}")
        rows.append(
            f"| {escape(score['task'])} | {escape(describe_origins(score.get('data')))} "
            f"| {escape(score['split'])} | {escape(score['language'])} "
            f"| {escape(metric_text(score))} | {score['value']:.1f}{mark} | {score['n']} |"
        )
    if seen:
        rows += ["", "`!` texts that training or pretraining has seen:", ""]
        rows += [f"- {escape(line)}" for line in seen]
    return rows


def _plain(form: Form) -> list[str]:
    if form == "other":
        return ["It holds backbone weights of its own, in a form that only adapterxlt loads."]
    if form != "adapter":
        library = "adapters" if form == "parts" else "transformers"
        what = {
            "parts": "For plain `adapters`: its parts, and a program that composes them (load.py).",
            "checkpoint": "As a plain checkpoint of transformers:",
        }
        rows = [
            what[form],
            "",
            "```",
            f"adapterxlt artifact export THIS_FOLDER_OR_BUNDLE --to {library} --out FOLDER",
            "```",
        ]
        return rows + (_TRANSFORMERS if form == "checkpoint" else [])
    return [
        "In plain `adapters`, on the same backbone:",
        "",
        "```python",
        "from adapters import AutoAdapterModel",
        "",
        "model = AutoAdapterModel.from_pretrained(BACKBONE)",
        "name = model.load_adapter(THIS_FOLDER, use_safetensors=True)",
        "model.set_active_adapters(name)",
        "```",
    ]


_TRANSFORMERS = [
    "",
    "```python",
    "import transformers",
    "",
    "config = transformers.AutoConfig.from_pretrained(FOLDER)",
    "model = getattr(transformers, config.architectures[0]).from_pretrained(FOLDER)",
    "```",
]


def _note_on_padding(manifest: Manifest, form: Form) -> list[str]:
    if form not in ("adapter", "parts"):
        return []
    for method in methods_of(manifest):
        with suppress(ValueError):  # an artifact may say anything
            if counts_padding(parse_method(method)):
                return ["", PADDING_NOTE]
    return []


def escape(value: object) -> str:
    """Text for Markdown on one line, in which nothing from an artifact becomes markup."""
    text = printable(" ".join(str(value).split()))
    text = _SPECIAL.sub(r"\\\1", text).replace("&", "&amp;")
    return re.sub(r"^(\d+)([.)])", r"\1\\\2", text)  # no numbered list
