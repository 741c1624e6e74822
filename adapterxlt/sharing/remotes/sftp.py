"""SFTP through fsspec, with the host keys and identities of the user's own OpenSSH."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, unquote

from adapterxlt.errors import MissingPackageError


def open_sftp(url: SplitResult) -> Any:
    """Connect to the server of `sftp://user@host:port/path`.

    fsspec's own connection takes any host key; this one takes those of `~/.ssh/known_hosts`.
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
            self.ftp = self.client.open_sftp()

    options: dict[str, Any] = {"timeout": 60}
    if url.port:
        options["port"] = url.port
    if url.username:
        options["username"] = unquote(url.username)
    if url.password:
        options["password"] = unquote(url.password)
    return KnownHosts(url.hostname or "", skip_instance_cache=True, **options)
