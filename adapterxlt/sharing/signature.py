"""Signs manifests and checks signatures with ssh-keygen (`man ssh-keygen`, -Y).

The manifest holds the hash of every file, so its signature is that of the whole artifact.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from adapterxlt.errors import InvalidArtifactError, MissingPackageError, UsageError
from adapterxlt.sharing.source import Source, read_small
from adapterxlt.store.manifest import MANIFEST_NAME, SIGNATURE_NAME

NAMESPACE = "adapterxlt"  # a signature made for something else does not count
_SECONDS = 60


@dataclass(frozen=True)
class Signature:
    """What is known of a signature.

    Args:
        signer: name in the file of allowed signers; "" when there was none to look it up in.
        key: fingerprint of the key, `SHA256:...`.
    """

    signer: str
    key: str

    def __str__(self) -> str:
        who = f"by {self.signer}" if self.signer else "signer not checked (use --signers FILE)"
        return f"signed with {self.key}, {who}"


def sign(folder: Path, key: Path) -> None:
    """Sign the manifest in `folder` with a private key, or a public one held by the SSH agent.

    Raises:
        UsageError: the key cannot be used.
    """
    with tempfile.TemporaryDirectory() as aside:
        copy = Path(aside) / MANIFEST_NAME
        shutil.copyfile(folder / MANIFEST_NAME, copy)
        result = _keygen("sign", "-n", NAMESPACE, "-f", str(key), str(copy))
        made = copy.with_name(SIGNATURE_NAME)
        if result.returncode or not made.is_file():
            raise UsageError(f"{key}: ssh-keygen cannot sign with it: {_last(result)}")
        shutil.copyfile(made, folder / SIGNATURE_NAME)


def check_signature(source: Source, signers: Path | None) -> Signature | None:
    """Check the signature of an artifact; None if it has none and none is asked for.

    Args:
        signers: file of allowed signers (ssh-keygen's ALLOWED SIGNERS); None checks only that
            the manifest is what was signed.

    Raises:
        InvalidArtifactError: the signature is wrong, of nobody allowed, or missing though asked.
    """
    where = source.where
    if SIGNATURE_NAME not in source.sizes:
        if signers is not None:
            raise InvalidArtifactError(
                f"{where}: is not signed", hint="leave out --signers to accept an unsigned artifact"
            )
        return None
    with tempfile.TemporaryDirectory() as aside:
        file = Path(aside) / "signature"
        file.write_bytes(read_small(source, SIGNATURE_NAME))
        manifest = read_small(source, MANIFEST_NAME)
        common = ("-n", NAMESPACE, "-s", str(file))
        if signers is None:
            result = _keygen("check-novalidate", *common, stdin=manifest)
            return Signature("", _good(result, f"{where}"))
        if not signers.is_file():
            raise UsageError(f"{signers}: this file of allowed signers does not exist")
        found = _keygen("find-principals", "-s", str(file), "-f", str(signers))
        names = found.stdout.decode(errors="replace").split("\n")[0].split(",")
        if found.returncode or not names[0]:
            raise InvalidArtifactError(f"{where}: is not signed by anyone that {signers} allows")
        result = _keygen("verify", *common, "-f", str(signers), "-I", names[0], stdin=manifest)
        return Signature(names[0], _good(result, f"{where}"))


def _good(result: subprocess.CompletedProcess[bytes], where: str) -> str:
    key = re.search(rb"SHA256:[A-Za-z0-9+/=]+", result.stdout + result.stderr)
    if result.returncode or key is None:
        raise InvalidArtifactError(
            f"{where}: its signature does not match this manifest: {_last(result)}"
        )
    return key.group().decode()


def _keygen(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise MissingPackageError(
            "signatures need the program ssh-keygen", hint="install OpenSSH 8.2 or newer"
        )
    return subprocess.run(
        [program, "-Y", *arguments], input=stdin, capture_output=True, timeout=_SECONDS, check=False
    )


def _last(result: subprocess.CompletedProcess[bytes]) -> str:
    lines = (result.stderr or result.stdout).decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else f"exit code {result.returncode}"
