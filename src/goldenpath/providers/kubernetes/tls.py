"""TLS towards an API server. A client's key goes from memory to OpenSSL; it never becomes a file on a disk."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from goldenpath.errors import GoldenpathError, Misconfigured
from goldenpath.providers.kubernetes.place import Certificate, Endpoint


def tls_context(endpoint: Endpoint, certificate: Certificate | None) -> ssl.SSLContext:
    """Return how to speak TLS to ``endpoint``.

    Raises:
        Misconfigured: ``cluster.kubeconfig-malformed`` for an authority, certificate or key that OpenSSL does not take.
    """
    try:
        context = ssl.create_default_context(cadata=None if endpoint.authority is None else endpoint.authority.decode("ascii"))
    except (ssl.SSLError, UnicodeDecodeError, ValueError):
        raise _unusable("certificate-authority is no certificate in PEM") from None
    # clusters' own authorities often lack what RFC 5280 asks of a certificate; Go, and so kubectl, does not ask for it
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if endpoint.is_unverified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        _load(context, certificate)
    return context


def _load(context: ssl.SSLContext, certificate: Certificate) -> None:
    with _passing_file(certificate.chain + b"\n" + certificate.key.reveal()) as path:
        try:
            # without an answer OpenSSL would ask for a passphrase at the terminal
            context.load_cert_chain(path, password=lambda: b"")
        except (ssl.SSLError, ValueError):
            raise _unusable("client-certificate and client-key are no matching pair in PEM without a passphrase") from None


@contextmanager
def _passing_file(data: bytes) -> Iterator[str]:
    """Lend ``data`` as a file, since OpenSSL takes a path only: in memory where the system can, else for the moment of the call."""
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        handle = os.memfd_create("client", os.MFD_CLOEXEC)
        try:
            os.write(handle, data)
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
        return
    with tempfile.NamedTemporaryFile(prefix="goldenpath-") as file:  # 0600
        file.write(data)
        file.flush()
        yield file.name


def _unusable(said: str) -> GoldenpathError:
    return Misconfigured(
        "cluster.kubeconfig-malformed",
        f"the kubeconfig's {said}",
        hint="kubectl config view --minify shows which file it comes from; kubectl version tries it",
    )
