"""`adapterxlt list presets`: retrieval protocols, and hyper-parameters of tasks."""

from __future__ import annotations

from collections.abc import Mapping

from adapterxlt.cli.listing import Listing, wrap


def presets() -> Listing:
    """List the retrieval protocols and the published hyper-parameters of tasks."""
    from adapterxlt.retrieval.protocols import PROTOCOLS, Vectors

    def describe(vectors: Vectors) -> str:
        published = vectors.layer.published.items()
        layers = ", ".join(f"{layer} of {depth}" for depth, layer in published) or "last"
        return f"{vectors.pooling}, layer {layers}"

    return Listing(
        [
            {
                "preset": protocol.name,
                "tatoeba": describe(protocol.tatoeba),
                "bucc2018": describe(protocol.bucc),
                "margin": f"{protocol.margin}, k={protocol.k}",
                "repeated sentences": protocol.duplicates,
                "source": protocol.source,
            }
            for protocol in PROTOCOLS.values()
        ],
        hidden=("source",),
        note=_sources({name: protocol.source for name, protocol in PROTOCOLS.items()}),
        more={"task_presets": _task_presets()},
    )


def _task_presets() -> Listing:
    """Return one record for all tasks with equal settings; unknown settings are empty."""
    from adapterxlt.tasks.presets import presets as published

    columns = {
        "lr": "lr",
        "epochs": "epochs",
        "max_steps": "steps",
        "batch_size": "batch",
        "max_length": "length",
        "doc_stride": "stride",
        "weight_decay": "decay",
    }
    records: list[dict[str, object]] = []
    for preset in published().values():
        alike: dict[str, list[str]] = {}
        for name, settings in preset.tasks.items():
            alike.setdefault(settings.model_dump_json(), []).append(name)
        for names in alike.values():
            settings = preset.tasks[names[0]]
            given = settings.given()
            warmup = given.get("warmup", given.get("warmup_steps", ""))
            large = settings.given(large=True)
            records.append(
                {
                    "preset": preset.name,
                    **{
                        title: f"{given[key]:g}" if key in given else ""
                        for key, title in columns.items()
                    },
                    "warm-up": f"{warmup} steps" if "warmup_steps" in given else f"{warmup}",
                    "keep": given.get("keep", ""),
                    "large": ", ".join(
                        f"{key} {value:g}" for key, value in large.items() if given[key] != value
                    ),
                    "tasks": ", ".join(names),
                }
            )
    return Listing(
        records,
        group="preset",
        hidden=("preset",),
        note=_sources({name: preset.source for name, preset in published().items()}),
    )


def _sources(sources: Mapping[str, str]) -> str:
    return "\n".join(wrap(f"{name}: {source}") for name, source in sources.items())
