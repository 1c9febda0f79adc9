"""Certificates: what they say, until when they hold, and who signed them."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any, Final

from modules.context import Context
from modules.scratch import scratch_folder
from modules.x509 import pem, text
from modules.x509.openssl import ask, load, path_of, run
from shoal.errors import ModuleError
from shoal.functions.function import function

CERTIFICATE: Final = ("CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE")
NAMEOPT: Final = ("-nameopt", "RFC2253,-esc_msb,utf8")  # control characters are escaped, so a line is a line
_PUBLIC: Final = ("PUBLIC KEY", "RSA PUBLIC KEY")
_EXTENSIONS: Final = (
    "subjectAltName,basicConstraints,keyUsage,extendedKeyUsage,"
    "subjectKeyIdentifier,authorityKeyIdentifier,nameConstraints,crlDistributionPoints,authorityInfoAccess"
)
_FACTS: Final = ("-subject", "-issuer", "-startdate", "-enddate", "-serial")
_NOTHING_ELSE: Final = (
    "no_header,no_serial,no_validity,no_subject,no_issuer,no_pubkey,no_extensions,no_sigdump,no_aux"
)
_DAY_S: Final = 86400
_now = time.time


@function(replay="safe")
def read_certificate(ctx: Context, certificate: str) -> dict[str, Any]:
    """Return what a certificate says; it is given as a path (PEM or DER) or as PEM text.

    Of several in one file it is the first. A SAN is shown as openssl prints it: a comma in it cannot be told
    from one between two, so do not decide by it whom to trust.

    CLI Example:

        shoal '*' x509.read_certificate /etc/ssl/certs/site.pem
    """
    import hashlib  # with OpenSSL, 4 MiB: not in the waiting executor

    entry = load(certificate, CERTIFICATE, "certificate")
    facts = _facts(entry)
    public = ask(("x509", "-noout", "-pubkey"), entry, "certificate")
    method = ask(("x509", "-noout", "-text", "-certopt", _NOTHING_ELSE), entry, "certificate")
    more = ask(("x509", "-noout", "-ext", _EXTENSIONS), entry, "certificate")
    hashes = ask(("x509", "-noout", "-subject_hash", "-issuer_hash"), entry, "certificate").split()
    der = pem.to_der(entry)
    return {
        "version": int(re.sub(r" .*", "", text.after("Version", method)) or 1),
        **text.key_facts(ask(("pkey", "-pubin", "-noout", "-text"), public, "public key")),
        "serial_number": text.colons(facts["serial"]),
        "fingerprints": {
            "sha1": text.colons(hashlib.sha1(der, usedforsecurity=False).hexdigest()),
            "sha256": text.colons(hashlib.sha256(der).hexdigest()),
        },
        "subject": text.name_parts(facts["subject"]),
        "subject_hash": hashes[0].upper(),
        "subject_str": facts["subject"],
        "issuer": text.name_parts(facts["issuer"]),
        "issuer_hash": hashes[-1].upper(),
        "issuer_str": facts["issuer"],
        "not_before": text.day_and_time(facts["notbefore"]),
        "not_after": text.day_and_time(facts["notafter"]),
        "public_key": public,
        "signature_algorithm": text.after("Signature Algorithm", method),
        "extensions": text.extensions(more),
    }


@function(replay="safe")
def expires(ctx: Context, certificate: str, days: int = 0) -> bool:
    """Say whether a certificate has expired, or will have within so many days.

    CLI Example:

        shoal '*' x509.expires /etc/ssl/certs/site.pem days=30
    """
    return _ends(_facts(load(certificate, CERTIFICATE, "certificate"))) <= _now() + days * _DAY_S


@function(replay="safe")
def expired(ctx: Context, certificate: str) -> dict[str, Any]:
    """Return whether a certificate has expired, with its `cn` and `path`.

    CLI Example:

        shoal '*' x509.expired /etc/ssl/certs/site.pem
    """
    facts = _facts(load(certificate, CERTIFICATE, "certificate"))
    return {**path_of(certificate), "cn": _common_name(facts), "expired": _ends(facts) <= _now()}


@function(replay="safe")
def will_expire(ctx: Context, certificate: str, days: int) -> dict[str, Any]:
    """Return whether a certificate will have expired within so many days, with its `cn` and `path`.

    CLI Example:

        shoal '*' x509.will_expire /etc/ssl/certs/site.pem days=30
    """
    facts = _facts(load(certificate, CERTIFICATE, "certificate"))
    return {
        **path_of(certificate),
        "check_days": days,
        "cn": _common_name(facts),
        "will_expire": _ends(facts) <= _now() + days * _DAY_S,
    }


@function(replay="safe")
def verify_signature(ctx: Context, certificate: str, signing_pub_key: str = "") -> bool:
    """Say whether a certificate was signed by a key, given by its public form or a certificate of it.

    Without a key it is whether the certificate signed itself. Only the signature counts: no date, no name, no
    right to sign.

    CLI Example:

        shoal '*' x509.verify_signature /etc/ssl/certs/site.pem /etc/ssl/certs/ca.pem
    """
    entry = load(certificate, CERTIFICATE, "certificate")
    signer = load(signing_pub_key or certificate, (*CERTIFICATE, *_PUBLIC), "certificate or public key")
    public = signer
    if not signer.startswith("-----BEGIN PUBLIC") and "CERTIFICATE" in signer.partition("\n")[0]:
        public = ask(("x509", "-noout", "-pubkey"), signer, "certificate")
    method = text.after(
        "Signature Algorithm",
        ask(("x509", "-noout", "-text", "-certopt", _NOTHING_ELSE), entry, "certificate"),
    )
    body, signature = pem.signed_parts(pem.to_der(entry))
    with scratch_folder("x509") as folder:
        files = {name: Path(folder, name) for name in ("key", "signature", "body")}
        files["key"].write_text(public)
        files["signature"].write_bytes(signature)
        files["body"].write_bytes(body)
        return run(verification(method, {name: str(path) for name, path in files.items()})).retcode == 0


def verification(method: str, files: dict[str, str]) -> tuple[str, ...]:
    """Return openssl's words that check a signature of this method. Raises ModuleError for an unknown one."""
    if method.lower() in ("ed25519", "ed448"):
        given = ("-inkey", files["key"], "-sigfile", files["signature"], "-in", files["body"])
        return ("pkeyutl", "-verify", "-pubin", "-rawin", *given)
    found = re.fullmatch(r"(?:ecdsa-with-)?(sha(?:1|224|256|384|512))(?:withrsaencryption)?", method.lower())
    if not found:
        raise ModuleError(f"a signature by {method[:60] or 'an unnamed method'} cannot be checked here")
    return ("dgst", f"-{found[1]}", "-verify", files["key"], "-signature", files["signature"], files["body"])


def _facts(entry: str) -> dict[str, str]:
    facts = text.values(ask(("x509", "-noout", *_FACTS, *NAMEOPT), entry, "certificate"))
    if not {"subject", "issuer", "notbefore", "notafter", "serial"} <= facts.keys():
        raise ModuleError("openssl does not tell what is in the certificate")
    return facts


def _ends(facts: dict[str, str]) -> int:
    return text.seconds(facts["notafter"])


def _common_name(facts: dict[str, str]) -> Any:
    return text.name_parts(facts["subject"]).get("CN", "")
