"""The weights of a model in memory; they are loaded when they are first needed."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from adapterxlt.applying.source import Source
from adapterxlt.applying.spoken import Spoken
from adapterxlt.devices import find_device
from adapterxlt.errors import UsageError

if TYPE_CHECKING:
    from adapterxlt.models.build import Built

# While transformers loads a model, it changes how torch makes modules, in all threads.
_LOADING = Lock()


class Weights:
    """The weights of a model, with the language adapter that was last requested.

    Args:
        source: the model.
        spoken: the language adapters that it can stand on.
        device: the name of the device.

    Raises:
        MissingDeviceError: the device is not here.
    """

    def __init__(self, source: Source, spoken: Spoken, device: str) -> None:
        self._source, self._spoken = source, spoken
        self._place = find_device(device)
        self._loaded: tuple[str | None, list[tuple[float, Built]]] | None = None

    def check_language(self, language: str) -> None:
        """Check that there is a language adapter for a language.

        Raises:
            UsageError: there is none, or the model stands on none.
        """
        if len(self._source.members) != 1:
            raise UsageError(
                f"{self._source.name}: does not stand on language adapters",
                hint="leave out `language`",
            )
        self._spoken.swap(language)

    def members(self, language: str | None) -> list[tuple[float, Built]]:
        """The model, or each member of an ensemble, with its share.

        Args:
            language: whose adapter it gets; None: it stays as it was trained.
        """
        if language is not None:
            self.check_language(language)
        with _LOADING:
            return self._members(language)

    def _members(self, language: str | None) -> list[tuple[float, Built]]:
        from adapterxlt.models.build import load
        from adapterxlt.models.speak import load_speaking

        if self._loaded is not None and self._loaded[0] == language:
            return self._loaded[1]
        self._loaded = None  # first, as two of them may not fit into memory
        backbone, members = self._source.backbone, self._source.members
        swap = None if language is None else self._spoken.swap(language)
        if not members:
            found = [(1.0, load(backbone, None))]
        elif swap is not None:
            other, source = swap
            folder = members[0][1]
            found = [(1.0, load_speaking(backbone, folder, language=other, source=source))]
        else:
            found = [(share, load(backbone, folder)) for share, folder in members]
        for _, built in found:
            built.move(self._place)
        self._loaded = language, found
        return found
