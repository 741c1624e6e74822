"""Finds the language adapters that can replace the one that a model was trained with.

The notes of a store say which ones an evaluation used. Other stages of the same store also fit, if
they were trained like the model's own adapter, but in another language. Adapters that are somewhere
else must be named.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapterxlt.applying.source import Source
from adapterxlt.errors import UsageError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.models.spec import read_spec
from adapterxlt.plan.memory import read_notes
from adapterxlt.recipe.language_adapters import place_of_own, stage_of
from adapterxlt.recipe.used import data_parts
from adapterxlt.stages.language_adapters import KEY
from adapterxlt.store.manifest import MANIFEST_NAME
from adapterxlt.store.store import Store
from adapterxlt.tasks.catalogue import Task


class Spoken:
    """The language adapters of a model, by language.

    Args:
        source: the model.
        tasks: the catalogue of known tasks.
        given: folders of adapters by language, which win over those that are found.
    """

    def __init__(
        self, source: Source, tasks: Mapping[str, Task], given: Mapping[str, Path]
    ) -> None:
        self._source, self._tasks, self._given = source, tasks, dict(given)
        self.own = self._own() or {}

    @property
    def language(self) -> str | None:
        """The language of the adapter that the model was trained with and contains."""
        return str(self.own["params"]["language"]) if self.own else None

    @property
    def folders(self) -> dict[str, Path | None]:
        """The folder of the adapter of each language; None for the model's own adapter."""
        found: dict[str, Path | None] = {}
        if self._source.store is not None:
            found = self._noted(self._source.store)
            if self.own:
                found = self._alike(self._source.store) | found
        found |= self._given
        if self.language is not None:
            found[self.language] = None
        return dict(sorted(found.items()))

    def swap(self, language: str) -> tuple[Path, Path | None] | None:
        """What a language needs: its adapter, and the one that is taken out where the weights of
        the backbone are; None where the model is as the language wants it.

        Raises:
            UsageError: there is no adapter of it.
        """
        folders = self.folders
        if not folders:
            raise UsageError(
                f"{self._source.name}: does not stand on language adapters",
                hint="leave out `language`; the model is the same for all languages",
            )
        code = stage_of({code: code for code in folders}, language)
        if code is None:
            raise UsageError(
                f"{self._source.name}: there is no language adapter for `{language}`, only for "
                f"{', '.join(folders)}",
                hint="train one, or name one with `language_adapters`",
            )
        folder = folders[code]
        return None if folder is None else (folder, self._taken_out())

    def _own(self) -> Mapping[str, Any] | None:
        """The step of the lineage that trained the model's own language adapter."""
        by_fingerprint = {step["fingerprint"]: step for step in self._source.lineage}
        step = self._source.lineage[-1] if self._source.lineage else None
        while step is not None and step["inputs"]:
            params, inputs = step["params"], step["inputs"]
            place = place_of_own(params, len(inputs))
            if place is None and step["kind"] in ("fuse", "merge"):  # members stand on the same
                step = by_fingerprint[inputs[0]]
                continue
            if place is None and params.get("relation") not in ("after", "stack_on"):
                return None
            below = by_fingerprint[inputs[place or 0]]
            if self._language_of(below["params"]) is not None:
                return below
            step = below if place is None else None
        return None

    def _language_of(self, params: Mapping[str, Any]) -> str | None:
        """The language that a step learns from plain text; None if it is not of that kind."""
        parts = data_parts(params)
        task = self._tasks.get(str(parts[0].get("task"))) if len(parts) == 1 else None
        if task is None or not get_kind(task.kind).any_text:
            return None
        return str(parts[0].get("language"))

    def _alike(self, store: Store) -> dict[str, Path | None]:
        """Stages that differ from the model's own language adapter in their language only."""
        own, found = _but_language(self.own["params"]), dict[str, list[Path]]()
        for entry in store.entries():
            params, backbone = entry.parts.get("params"), entry.parts.get("backbone")
            if (
                isinstance(params, dict)
                and entry.kind == self.own["kind"]
                and backbone == self._source.backbone.hash
                and _but_language(params) == own
                and (language := self._language_of(params)) is not None
            ):
                found.setdefault(language, []).append(store.path(entry.fingerprint))
        # Several of one language were trained on other data: only a note or the user can choose.
        return {language: folders[0] for language, folders in found.items() if len(folders) == 1}

    def _noted(self, store: Store) -> dict[str, Path | None]:
        """Those that evaluations of the model took."""
        assert self._source.manifest is not None
        address, found = self._source.manifest.fingerprint, dict[str, Path | None]()
        for note in read_notes(store)[0]:
            for parts in note.steps.values():
                params, inputs = parts.get("params"), parts.get("inputs")
                if not isinstance(params, dict) or not isinstance(inputs, list):
                    continue
                if not inputs or inputs[0] != address or not isinstance(params.get(KEY), dict):
                    continue
                for language, place in params[KEY].items():
                    if type(place) is int and 0 < place < len(inputs):
                        folder = store.path(str(inputs[place]))
                        if (folder / MANIFEST_NAME).is_file():
                            found[str(language)] = folder
        return found

    def _taken_out(self) -> Path | None:
        """The model's own language adapter, where it is weights of the backbone."""
        [(_, folder)] = self._source.members
        if not self.own or not read_spec(folder).full:
            return None
        given = self._given.get(str(self.language))
        if given is not None:
            return given
        store = self._source.store
        own = None if store is None else store.path(str(self.own["fingerprint"]))
        if own is None or not (own / MANIFEST_NAME).is_file():
            raise UsageError(
                f"{self._source.name}: the language adapter for `{self.language}`, which must be "
                "removed from the weights, is missing",
                hint=f"also name the adapter for `{self.language}` in `language_adapters`",
            )
        return own


def _but_language(params: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in params.items() if key != "language"}
