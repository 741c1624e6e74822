"""SFTP through fsspec, with the host keys and identities of the user's own OpenSSH."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import SplitResult, unquote

from adapterxlt.errors import MissingPackageError
from adapterxlt.sharing.remotes.base import SECONDS


def open_sftp(url: SplitResult) -> Any:
    """Connect to the server of `sftp://user@host:port/path`.

    fsspec's own connection takes any host key; this one takes those of `~/.ssh/known_hosts`.
    Where the server does not answer for `SECONDS`, an operation raises TimeoutError.
    """
    try:
        import paramiko
        from fsspec.implementations.sftp import SFTPFileSystem
    except ImportError as error:
        raise MissingPackageError(
            f"sftp:// needs a package that is not installed ({error})",
            hint="pip install 'adapterxlt[sftp]'",
        ) from None

    class KnownHosts(SFTPFileSystem):  # type: ignore[misc]
        """Refuses servers that the user's OpenSSH does not know."""

        def _connect(self) -> None:
            self.client = paramiko.SSHClient()
            self.client.load_system_host_keys()
            self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
            self.client.connect(self.host, **self.ssh_kwargs)
            self.client.get_transport().set_keepalive(SECONDS)
            self.ftp = _begun(self.client)
            self.ftp.get_channel().settimeout(SECONDS)

    options: dict[str, Any] = {"timeout": SECONDS, "channel_timeout": SECONDS}
    if url.port:
        options["port"] = url.port
    if url.username:
        options["username"] = unquote(url.username)
    if url.password:
        options["password"] = unquote(url.password)
    return KnownHosts(url.hostname or "", skip_instance_cache=True, **options)


def _begun(client: Any) -> Any:
    """Begin SFTP on a connection; paramiko itself would wait for the server without a limit."""
    silent = threading.Event()

    def give_up() -> None:
        silent.set()
        client.close()

    late = threading.Timer(SECONDS, give_up)
    late.daemon = True
    late.start()
    try:
        return client.open_sftp()
    except Exception as error:
        if silent.is_set():
            raise TimeoutError from error
        raise
    finally:
        late.cancel()
