"""The model card: what it is, what it was trained on, what was measured, how to use it."""

from __future__ import annotations

import re
from typing import Any, Literal

from adapterxlt.artifacts.facts import (
    datasets_of,
    describe_lineage,
    languages_of,
    last_params,
    method_of,
    task_of,
)
from adapterxlt.store.manifest import Manifest

CARD_FILE = "README.md"
# One adapter that plain `adapters` loads; several parts; a checkpoint that transformers has a
# head for; anything else.
Form = Literal["adapter", "parts", "checkpoint", "other"]
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~-])")
_SETTINGS = ("lr", "epochs", "max_steps", "batch_size", "max_length", "seed", "cap", "precision")


def write_card(manifest: Manifest, scores: list[dict[str, Any]], form: Form) -> str:
    """Return the card as text, its metadata in front.

    Args:
        manifest: with its artifact section.
        scores: as `metrics.json` has them.
        form: what other libraries can make of it.
    """
    from huggingface_hub import EvalResult, ModelCardData

    facts = manifest.artifact
    assert facts is not None
    results = [
        EvalResult(
            task_type=str(score["task"]),
            dataset_type=str(score["task"]),
            dataset_name=f"{score['task']} ({score['language']})",
            dataset_config=str(score["language"]),
            dataset_split=str(score["split"]),
            metric_type=str(score["metric"]),
            metric_value=score["value"],
        )
        for score in scores
    ]
    data = ModelCardData(
        base_model=facts.backbone.name,
        datasets=datasets_of(manifest),
        language=languages_of(manifest),
        library_name="adapters" if form == "adapter" else "adapterxlt",
        license=facts.license or None,
        model_name=manifest.title,
        eval_results=results or None,
        tags=["adapterxlt", "adapters", "cross-lingual"],
    )
    return f"---\n{data.to_yaml()}\n---\n\n{_body(manifest, scores, form)}"


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
        f"{escape(method_of(manifest))} trained on {escape(task_of(manifest) or 'unknown data')}, "
        f"on the backbone {escape(facts.backbone.name)}, by recipe {escape(manifest.recipe)}.",
        "",
        "| | |",
        "| --- | --- |",
        f"| lineage | {escape(describe_lineage(manifest))} |",
        f"| backbone | {escape(facts.backbone.name)}, content {facts.backbone.hash[:16]} |",
        *override,
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
    ]
    return "\n".join(rows) + "\n"


def _scores(scores: list[dict[str, Any]]) -> list[str]:
    if not scores:
        return ["Nothing was measured when this card was written."]
    rows = [
        "| task | split | language | metric | value | n |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    seen = []
    for score in scores:
        mark = ""
        if score.get("contamination"):
            mark = " !"
            seen.append(f"{score['task']} {score['language']}: {score['contamination']}")
        layer = f" (layer {score['layer']})" if score.get("layer") is not None else ""
        rows.append(
            f"| {escape(score['task'])} | {escape(score['split'])} | {escape(score['language'])} "
            f"| {escape(score['metric'])}{layer} | {score['value']:.1f}{mark} | {score['n']} |"
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
        return [
            what[form],
            "",
            "```",
            f"adapterxlt artifact export THIS_FOLDER_OR_BUNDLE --to {library} --out FOLDER",
            "```",
        ]
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


def escape(value: object) -> str:
    """Text as Markdown shows it, on one line: nothing an artifact says becomes markup."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split())).replace("&", "&amp;")
