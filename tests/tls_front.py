"""A TLS front for a server that has none: stunnel, with certificates of a CA made for the test."""

import datetime
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.daemons import free_port, running

HOST = "localhost"
_LONG_ENOUGH = datetime.timedelta(days=1)
_READY = "Configuration successful"

_CONFIGURATION = """
foreground = yes
pid =
debug = notice
[postgresql]
accept = 127.0.0.1:{port}
connect = {socket}
protocol = pgsql
cert = {certificate}
key = {key}
sslVersionMin = TLSv1.2
"""


@dataclass(frozen=True)
class Authority:
    """A CA: its key, and the file that clients are given."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    file: Path


def make_authority(folder: Path, name: str) -> Authority:
    """Make a CA of one's own, valid for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        _unsigned(subject, subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(key, certificate, file)


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LONG_ENOUGH)
        .not_valid_after(now + _LONG_ENOUGH)
    )


def _write_certificate(authority: Authority, folder: Path) -> tuple[Path, Path]:
    """Write a certificate for HOST, and for no other name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    certificate = (
        _unsigned(subject, authority.certificate.subject, key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    files = folder / "server.pem", folder / "server.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].touch(mode=0o600)
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@contextmanager
def tls_front(authority: Authority, folder: Path, unix_socket: Path) -> Iterator[int]:
    """Run stunnel in front of a server's socket, and yield its port on 127.0.0.1."""
    program = shutil.which("stunnel4") or shutil.which("stunnel")
    if program is None:
        pytest.skip("stunnel4 is not installed (Debian: apt-get install stunnel4)")
    certificate, key = _write_certificate(authority, folder)
    port = free_port()
    configuration = folder / "stunnel.conf"
    configuration.write_text(
        _CONFIGURATION.format(port=port, socket=unix_socket, certificate=certificate, key=key)
    )
    with running([program, str(configuration)], _READY):
        yield port
