"""A time stamp authority of the test's own: the protocol over HTTP, its stamps made by pyHanko."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from fastapi import FastAPI, Request, Response
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from recourse.stack.ports import HOST, choose

_DER = serialization.Encoding.DER


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _usage(*, signs: bool, certifies: bool) -> x509.KeyUsage:
    others = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=signs,
        key_cert_sign=certifies,
        crl_sign=certifies,
        **others,
    )


@dataclass
class Authority:
    """answer: instead of a stamp. status: of HTTP. hangs: until the client gives up. asked: so far."""

    name: str = "tsa.example"
    root_key: rsa.RSAPrivateKey = field(default_factory=_key)
    key: rsa.RSAPrivateKey = field(default_factory=_key)
    at: datetime | None = None
    answer: bytes | None = None
    status: int = 200
    hangs: bool = False
    asked: int = 0

    def __post_init__(self) -> None:
        root = _name(f"{self.name} root")
        of_a_root: list[x509.ExtensionType] = [
            x509.BasicConstraints(True, None),
            _usage(signs=False, certifies=True),
        ]
        self.root = self._certificate(root, root, self.root_key, of_a_root)
        stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        usage = _usage(signs=True, certifies=False)
        certificate = self._certificate(_name(self.name), root, self.key, [stamping, usage])
        private = self.key.private_bytes(
            _DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.stamper = DummyTimeStamper(
            asn1_x509.Certificate.load(certificate.public_bytes(_DER)), keys.PrivateKeyInfo.load(private)
        )

    def _certificate(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        key: rsa.RSAPrivateKey,
        extensions: list[x509.ExtensionType],
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=365))
            .not_valid_after(now + timedelta(days=365))
        )
        for one in extensions:
            builder = builder.add_extension(one, critical=True)
        return builder.sign(self.root_key, hashes.SHA256())

    def roots(self, path: Path) -> Path:
        """Written as PEM, as an authority publishes them."""
        path.write_bytes(self.root.public_bytes(serialization.Encoding.PEM))
        return path

    def stamp(self, query: bytes) -> bytes:
        self.stamper.fixed_dt = self.at
        response: bytes = self.stamper.request_tsa_response(tsp.TimeStampReq.load(query)).dump()
        return response

    async def take(self, request: Request) -> Response:
        self.asked += 1
        if self.hangs:
            await asyncio.sleep(60)
        body = await request.body()
        content = self.stamp(body) if self.answer is None else self.answer
        return Response(content, self.status, media_type="application/timestamp-reply")


@asynccontextmanager
async def served(authority: Authority) -> AsyncIterator[str]:
    """Its address."""
    app = FastAPI()
    app.add_api_route("/stamp", authority.take, methods=["POST"])
    port = choose(["tsa"], preferred=False)["tsa"]
    config = uvicorn.Config(app, host=HOST, port=port, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    for _ in range(500):
        if server.started:
            break
        await asyncio.sleep(0.01)
    yield f"http://{HOST}:{port}/stamp"
    server.should_exit = True
    await task
