"""What can be named in a recipe: tasks, methods, presets, metrics, recipes, keys of an entry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from adapterxlt.cli.list_ import BENCHMARKS
from adapterxlt.execution.opening import bundled_recipes
from adapterxlt.kinds.registry import KINDS
from adapterxlt.methods.defaults import default_epochs, default_lr
from adapterxlt.methods.table import METHODS, Method
from adapterxlt.metrics.facts import METRICS
from adapterxlt.retrieval.protocols import OPTIONS, PROTOCOLS, Vectors
from adapterxlt.tasks.catalogue import Task, catalogue
from adapterxlt.tasks.layout import Hub, Layout
from adapterxlt.tasks.presets import Settings, presets, presets_of
from tools.docs.markdown import anchor, code, details, escape, sentence, table
from tools.docs.types import words

_WORDS = Path(__file__).with_name("words.yaml")


@cache
def said(what: str) -> Mapping[str, str]:
    """Sentences on what the code names and does not explain in words for a page."""
    found: Mapping[str, str] = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))[what]
    return found


def tasks() -> str:
    """One table a benchmark, and everything an entry says below it."""
    sections = []
    for benchmark, title in BENCHMARKS.items():
        members = [
            task
            for task in catalogue().values()
            if (task.benchmarks[0] if task.benchmarks else "") == benchmark
        ]
        if not members:
            continue
        rows = [
            (
                anchor(task.name) + code(task.name),
                escape(task.title),
                code(task.kind),
                str(len(task.languages)),
                _trains_on(task),
                code(task.main_metric),
                escape(task.licence),
            )
            for task in members
        ]
        head = ("task", "what it is", "kind", "languages", "trains on", "main metric", "licence")
        more = "\n".join(details(f"{task.name}: {task.title}", _entry(task)) for task in members)
        heading = title[0].upper() + title[1:]
        sections.append(f"## {heading}\n\n{table(head, rows)}\n\n{more}")
    return "\n\n".join(sections)


def _trains_on(task: Task) -> str:
    return "itself" if task.train == task.name else code(task.train) if task.train else "–"


def _entry(task: Task) -> str:
    facts = {
        "Languages": ", ".join(task.languages),
        "Splits": ", ".join(task.splits),
        "Labels": ", ".join(code(label) for label in task.labels),
        "Consists of": ", ".join(code(name) for name in task.members),
        "Metrics": ", ".join(code(name) for name in task.metrics),
        "Origin of the texts in other languages": escape(task.made),
        "Published settings": ", ".join(code(name) for name in presets_of(task.name)),
        "On the Hugging Face Hub": code(task.hub.id) if task.hub else "",
        "Where to get the data": "" if task.hub else escape(task.elsewhere),
        "Citation": escape(task.citation),
    }
    lines = [f"- {name}: {text}" for name, text in facts.items() if text]
    for layout in task.layouts:
        files = (
            f"{split}: {', '.join(code(pattern) for pattern in roles.values())}"
            for split, roles in layout.files.items()
        )
        lines.append(f"- Files in the layout `{layout.name}`: {'; '.join(files)}")
    return "\n".join(lines)


def kinds() -> str:
    """The task kinds, and what is measured on each by default."""
    rows = [
        (
            anchor(kind.name) + code(kind.name),
            escape(said("kinds")[kind.name]),
            ", ".join(code(name) for name in kind.metrics),
        )
        for kind in KINDS.values()
    ]
    return table(("kind", "an example is", "metrics by default"), rows)


def methods() -> str:
    """One table a family, and the parameters of each method."""
    sections = []
    head = ("method", "what it trains", "default `lr`", "default `epochs`")
    for family in dict.fromkeys(method.family for method in METHODS.values()):
        members = [method for method in METHODS.values() if method.family == family]
        rows = [
            (
                anchor(name.replace("+", "p")) + code(name),
                escape(_told(METHODS[name].help)),
                f"{default_lr(name):g}",
                f"{default_epochs(name):g}",
            )
            for name in (method.name for method in members)
        ]
        more = "\n".join(
            details(f"Parameters of {method.name} and their defaults", _parameters(method))
            for method in members
            if method.parameters or method.parts
        )
        title = said("families")[family]
        sections.append(f"## {title}\n\n{table(head, rows)}\n\n{more}")
    return "\n\n".join(sections)


def _told(text: str) -> str:
    """A description as a sentence, with the names of other methods as they are typed."""
    names = "|".join(sorted((name for name in METHODS if "_" in name), key=len, reverse=True))
    return sentence(re.sub(rf"(?<![`\w])({names})(?!\w)", r"`\1`", text))


def _parameters(method: Method) -> str:
    if method.parts:
        return "It stands for " + ", ".join(code(part) for part in method.parts) + "."
    return ", ".join(code(f"{name}={value}") for name, value in method.defaults.items())


def protocols() -> str:
    """The retrieval protocols, what can be put after their names, and their sources."""
    rows = [
        (
            anchor(protocol.name) + code(protocol.name),
            _vectors(protocol.tatoeba),
            _vectors(protocol.bucc),
            f"{protocol.margin}, k = {protocol.k}",
            protocol.duplicates,
            escape(protocol.source),
        )
        for protocol in PROTOCOLS.values()
    ]
    head = ("protocol", "Tatoeba", "BUCC", "margin", "repeated sentences", "source")
    options = [(code(f"+{name}"), escape(said("options")[name])) for name in OPTIONS]
    return table(head, rows) + "\n\n" + table(("option", "what it changes"), options)


def _vectors(vectors: Vectors) -> str:
    fixed = [f"{layer} of {depth}" for depth, layer in vectors.layer.published.items()]
    return f"{vectors.pooling}, layer {', '.join(fixed) or 'last'}"


def training_presets() -> str:
    """Published hyper-parameters, one table a source."""
    sections = []
    for preset in presets().values():
        alike: dict[str, list[str]] = {}
        for name, settings in preset.tasks.items():
            alike.setdefault(settings.model_dump_json(), []).append(name)
        rows = [
            (", ".join(code(name) for name in names), _settings(preset.tasks[names[0]]))
            for names in alike.values()
        ]
        heading = f"### `{preset.name}` {{: #training-{preset.name} }}"
        source = f"Source: {escape(preset.source)}"
        sections.append(f"{heading}\n\n{source}\n\n{table(('tasks', 'settings'), rows)}")
    return "\n\n".join(sections)


def _settings(settings: Settings) -> str:
    base, large = settings.given(), settings.given(large=True)
    text = ", ".join(code(f"{key}: {value}") for key, value in base.items())
    other = [code(f"{key}: {value}") for key, value in large.items() if base.get(key) != value]
    return text + (f"; for a model of 24 layers {', '.join(other)}" if other else "")


def metrics() -> str:
    """Every metric, its unit, its direction and how its interval is made."""
    rows = [
        (
            anchor(name) + code(name),
            escape(said("metrics")[name]),
            "0 to 100" if metric.unit == "percent" else escape(metric.unit),
            "less" if metric.less_is_better else "–" if name.startswith("threshold") else "more",
        )
        for name, metric in METRICS.items()
    ]
    return table(("metric", "what it measures", "unit", "better"), rows)


def recipes() -> str:
    """Every recipe that ships, with its text."""
    sections = []
    for folder, members in _folders().items():
        blocks = [
            details(name, f"{escape(sentence(text))}\n\n```yaml\n{path.read_text('utf-8')}```")
            for name, path, text in members
        ]
        title = said("folders")[folder]
        sections.append(f"## {title}\n\n" + "\n".join(blocks))
    return "\n\n".join(sections)


def _folders() -> dict[str, list[tuple[str, Path, str]]]:
    found: dict[str, list[tuple[str, Path, str]]] = {}
    for name, path in bundled_recipes().items():
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        folder = name.rpartition("/")[0] or "."
        found.setdefault(folder, []).append((name, path, str(document.get("description", name))))
    return found


def entry_keys() -> Iterator[tuple[str, type[Task] | type[Layout] | type[Hub]]]:
    """The keys of a task entry, each with the model that has it."""
    for model in (Task, Layout, Hub):
        yield from ((key, model) for key in model.model_fields)


def task_entry_keys() -> str:
    """Every key of a task entry: of the task, of how its files lie, and of the Hub."""
    tables = []
    for model, title in ((Task, "Of the task"), (Layout, "Of its files"), (Hub, "Of `hub`")):
        schema = model.model_json_schema()["properties"]
        rows = [
            (
                anchor("entry", model.__name__, key) + code(key),
                escape(sentence(model.model_fields[key].description or ""))
                + f"<br>*{words(schema[key])}*",
            )
            for key in model.model_fields
        ]
        tables.append(f"### {title}\n\n" + table(("key", "what it is"), rows))
    return "\n\n".join(tables)
