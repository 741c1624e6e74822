"""Chromium without a window, driven through a pipe; tests that need it are skipped without it."""

from __future__ import annotations

import base64
import json
import os
import re
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowRight": 39, "ArrowDown": 40}
_PATIENCE = 120  # seconds for an answer, on a machine that does much else


class Browser:
    """A page that is open, and all that it said and asked for."""

    def __init__(self, commands: int, answers: int) -> None:
        self.commands, self.answers = commands, answers
        self.buffer, self.number, self.session = b"", 0, ""
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the DevTools protocol; its answer."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while (found := self._next()).get("id") != self.number:
            self.events.append(found)
        assert "error" not in found, found
        return dict(found["result"])

    def open(self, page: Path, width: int, height: int, *, dark: bool = False) -> None:
        """Load a file, and wait until it is there."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=page.as_uri())
        self.wait_for("document.readyState == 'complete'")

    def js(self, expression: str) -> Any:
        """The value of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                          awaitPromise=True)  # fmt: skip
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """A key, pressed and let go."""
        code = {
            "Tab": 9,
            "Enter": 13,
            "Escape": 27,
            "ArrowLeft": 37,
            "ArrowRight": 39,
            "ArrowDown": 40,
        }[key]
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            more = text if kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      windowsVirtualKeyCode=code, **more)  # fmt: skip

    def point_at(self, element: str, *, touch: bool = False) -> None:
        """Move the mouse to the middle of an element, or touch it; its selector names it."""
        place = f"document.querySelector({element!r})"
        frame = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        before, at = None, {}
        while at != before:  # parts of the page are laid out as they come into view
            before = at
            self.js(f"{place}.scrollIntoView({{block: 'center', behavior: 'instant'}}); {frame}")
            at = self.js(
                f"(box => ({{x: box.left + box.width / 2, y: box.top + box.height / 2}}))"
                f"({place}.getBoundingClientRect())"
            )
        if not touch:
            self.call("Input.dispatchMouseEvent", type="mouseMoved", **at)
            return
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[at])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def wait_for(self, condition: str, doing: Callable[[], None] | None = None) -> None:
        """Wait until an expression in the page is true.

        Args:
            doing: what is done again and again meanwhile, as a page that is still laid out, or
                a finger that a busy browser has not felt, can make it miss its element.
        """
        end = time.monotonic() + _PATIENCE
        while True:
            if doing is not None:
                doing()
            if self.js(condition):
                return
            assert time.monotonic() < end, f"does not come true: {condition}"
            time.sleep(0.1)

    def pages(self) -> int:
        """The number of pages that it prints as."""
        printed = self.call("Page.printToPDF", preferCSSPageSize=True)
        document = base64.b64decode(printed["data"])
        return len(re.findall(rb"/Type\s*/Page\b", document))

    def complaints(self) -> list[Any]:
        """Errors of the console, and exceptions."""
        self.js("1")
        return [
            one["params"]
            for one in self.events
            if one.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")
            or (one.get("method") == "Runtime.consoleAPICalled"
                and one["params"]["type"] in ("error", "warning"))
        ]  # fmt: skip

    def asked_for(self) -> list[str]:
        """Every address that was asked for."""
        return [
            one["params"]["request"]["url"]
            for one in self.events
            if one.get("method") == "Network.requestWillBeSent"
        ]

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + _PATIENCE
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.answers], [], [], max(0.0, end - time.monotonic()))
            assert ready, "the browser does not answer"
            read = os.read(self.answers, 1 << 20)
            assert read, "the browser has ended"
            self.buffer += read
        message, _, self.buffer = self.buffer.partition(b"\0")
        return dict(json.loads(message))


@contextmanager
def browsing(profile: Path) -> Iterator[Browser]:
    """A browser of its own; the test is skipped where there is none."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium here (Debian: apt-get install chromium)")
    to_read, commands = os.pipe()
    answers, to_write = os.pipe()
    # It wants its pipe as descriptors 3 and 4.
    script = f'exec "$@" 3<&{to_read} 4>&{to_write}'
    process = subprocess.Popen(
        ["bash", "-c", script, "sh", program, *_OPTIONS, f"--user-data-dir={profile}"],
        pass_fds=(to_read, to_write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_read)
    os.close(to_write)
    browser = Browser(commands, answers)
    try:
        yield browser
    finally:
        os.close(commands)  # it ends when nobody commands it any more
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(answers)
