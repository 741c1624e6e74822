"""The command as a whole: help, misspelt verbs, and what becomes of every kind of failure."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from adapterxlt import __version__
from adapterxlt.cli import main
from adapterxlt.errors import (
    InvalidArtifactError,
    InvalidRecipeError,
    MissingDataError,
    Problem,
    UsageError,
)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> dict[str, BaseException]:
    """A verb `fail` that raises what the test puts under `error`."""
    raised: dict[str, BaseException] = {}

    @click.command()
    def command() -> None:
        raise raised["error"]

    monkeypatch.setitem(main._LAZY, "fail", ("Fails.", "adapterxlt.cli.fail"))
    monkeypatch.setitem(sys.modules, "adapterxlt.cli.fail", SimpleNamespace(command=command))
    return raised


def invoke(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main.cli, list(arguments), prog_name="adapterxlt")
    return result.exit_code, result.stdout, result.stderr


def test_help_names_every_verb_and_completion() -> None:
    code, out, _ = invoke("--help")
    assert code == 0
    assert all(f"  {verb} " in out for verb in main.VERBS)
    assert "_ADAPTERXLT_COMPLETE=bash_source" in out


@pytest.mark.parametrize("verb", list(main.VERBS))
def test_every_verb_has_help_of_its_own(verb: str) -> None:
    code, out, _ = invoke(verb, "--help")
    assert code == 0
    assert f"Usage: adapterxlt {verb}" in out
    assert main.VERBS[verb].split(":")[0][:20] in out


def test_version() -> None:
    assert invoke("--version") == (0, f"adapterxlt {__version__}\n", "")


def test_misspelt_verb() -> None:
    code, out, err = invoke("validat", "x.yaml")
    assert (code, out) == (2, "")
    assert "no such command `validat`; did you mean `validate`?" in err


def test_unknown_option() -> None:
    code, _, err = invoke("run", "x.yaml", "--worker", "3")
    assert code == 2
    assert "--worker" in err


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (UsageError("odd", hint="do this"), 2, "error: odd\n  do this\n"),
        (
            InvalidRecipeError([Problem("a.b", "bad", "r.yaml", 3)]),
            3,
            "error: r.yaml:3: a.b: bad\n",
        ),
        (
            InvalidRecipeError([Problem("a", "bad", "r.yaml", 3), Problem("b", "worse")]),
            3,
            "error: the recipe has 2 problems\n  r.yaml:3: a: bad\n  b: worse\n",
        ),
        (InvalidArtifactError("broken"), 4, "error: broken\n"),
        (MissingDataError("absent"), 5, "error: absent\n"),
        (
            KeyboardInterrupt(),
            130,
            "\ninterrupted; run the same command again to continue from here\n",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "f"),
            1,
            "error: f: Permission denied\n",
        ),
    ],
)
def test_failures_end_in_one_message_and_a_code(
    failing: dict[str, BaseException], error: BaseException, code: int, text: str
) -> None:
    failing["error"] = error
    assert invoke("fail") == (code, "", text)


def test_full_disk_says_what_to_do(failing: dict[str, BaseException]) -> None:
    failing["error"] = OSError(errno.ENOSPC, "No space left on device", "runs/x")
    code, _, err = invoke("fail")
    assert code == 1
    assert err.startswith("error: cannot write runs/x: No space left on device\n  free some space")


def test_unexpected_errors_have_no_traceback_unless_asked_for(
    failing: dict[str, BaseException],
) -> None:
    failing["error"] = ZeroDivisionError("division by zero")
    code, _, err = invoke("fail")
    assert code == 1
    assert err.startswith("error: ZeroDivisionError: division by zero\n")
    assert "adapterxlt --debug" in err
    assert "Traceback" not in err
    code, _, err = invoke("--debug", "fail")
    assert code == 1
    assert "Traceback" in err
    assert "raise raised" in err


def test_debug_keeps_the_exit_code(failing: dict[str, BaseException]) -> None:
    failing["error"] = MissingDataError("absent")
    code, _, err = invoke("--debug", "fail")
    assert code == 5
    assert "Traceback" in err


def start(*arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    """The command as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "adapterxlt", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(main.__file__).parents[2],
        env={**os.environ, **environment},
    )


def test_a_closed_pipe_is_quiet() -> None:
    with start("list", "methods") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_shell_completion_offers_verbs() -> None:
    asked = {"_ADAPTERXLT_COMPLETE": "bash_complete", "COMP_WORDS": "adapterxlt va"}
    with start(COMP_CWORD="1", **asked) as process:
        assert process.stdout is not None
        assert process.stdout.read() == b"plain,validate\n"


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, "1000"),
        ({"GOMP_SPINCOUNT": "5"}, "5"),
        ({"OMP_WAIT_POLICY": "active"}, None),
    ],
)
def test_waiting_threads_soon_give_up_their_core(monkeypatch, own, expected):
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")  # so that it is put back
        monkeypatch.delenv(name)
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("adapterxlt.interrupt.watch", lambda: None)
    monkeypatch.setattr("sys.argv", ["adapterxlt", "--version"])
    monkeypatch.setattr("sys.stdout", io.StringIO())  # main changes how real streams escape
    monkeypatch.setattr("sys.stderr", io.StringIO())
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 0
    assert os.environ.get("GOMP_SPINCOUNT") == expected
