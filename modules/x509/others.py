"""Entries of PEM files, keys, requests and revocation lists."""

from __future__ import annotations

import glob
from typing import Any, Final

from modules.context import Context
from modules.x509 import pem, text
from modules.x509.certificate import NAMEOPT
from modules.x509.openssl import MAX_CRL_BYTES, ask, load, read_file, run
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

_PRIVATE: Final = (
    "PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "DSA PRIVATE KEY",
)
_REQUEST: Final = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
_MAX_FILES: Final = 1000
_PASSPHRASE: Final = "X509_PASSPHRASE"  # noqa: S105  the variable's name


@function(replay="safe")
def get_pem_entry(ctx: Context, text: str, pem_type: str = "") -> str:
    """Return the first PEM entry of a text or a file, in tidy lines; with `pem_type` the first of that type.

    A private key is never returned.

    CLI Example:

        shoal '*' x509.get_pem_entry /etc/ssl/certs/site.pem
        shoal '*' x509.get_pem_entry /etc/ssl/site.pem pem_type=CERTIFICATE
    """
    content = text if "-----BEGIN " in text else read_file(text).decode("utf-8", "replace")
    for kind, entry in pem.entries(content):
        if pem_type and kind != pem_type:
            continue
        if "PRIVATE" in kind:
            raise ModuleError("the entry is a private key, which is not returned; name another pem_type")
        return entry
    raise ModuleError(f"there is no PEM entry{f' of type {pem_type[:60]}' if pem_type else ''} in it")


@function(replay="safe")
def get_pem_entries(ctx: Context, glob_path: str) -> dict[str, str]:
    """Return the first PEM entry of each file that a pattern fits, by path; files without one are left out.

    CLI Example:

        shoal '*' x509.get_pem_entries '/etc/ssl/site/*.crt'
    """
    if not glob_path.startswith("/"):
        raise ArgumentError("x509.get_pem_entries: the pattern must be an absolute path")
    found: dict[str, str] = {}
    for path in sorted(glob.glob(glob_path))[:_MAX_FILES]:  # noqa: PTH207  a pattern of a whole path
        try:
            found[path] = get_pem_entry(ctx, path)
        except ModuleError:
            continue
    return found


@function(replay="safe")
def read_private_key(ctx: Context, private_key: str, passphrase: str = "") -> dict[str, Any]:
    """Return type and size of a private key, and its public form; the key itself is never returned.

    CLI Example:

        shoal '*' x509.read_private_key /etc/ssl/private/site.key
    """
    entry = load(private_key, _PRIVATE, "private key")
    words = ("pkey", "-pubout", "-passin", f"env:{_PASSPHRASE}")
    done = run(words, entry, env={_PASSPHRASE: passphrase})
    if done.retcode != 0:
        raise ModuleError("the private key cannot be read, or the passphrase does not fit")
    facts = text.key_facts(ask(("pkey", "-pubin", "-noout", "-text"), done.stdout, "public key"))
    return {**facts, "encrypted": "ENCRYPTED" in entry, "public_key": done.stdout}


@function(replay="safe")
def read_csr(ctx: Context, csr: str) -> dict[str, Any]:
    """Return what a certificate request asks for; it is given as a path (PEM or DER) or as PEM text.

    CLI Example:

        shoal '*' x509.read_csr /etc/ssl/site.csr
    """
    entry = load(csr, _REQUEST, "certificate request")
    name = text.values(ask(("req", "-noout", "-subject", *NAMEOPT), entry, "certificate request"))["subject"]
    public = pem.first(
        ask(("req", "-noout", "-pubkey"), entry, "certificate request"), ("PUBLIC KEY",), "key"
    )
    shown = ask(("req", "-noout", "-text", "-reqopt", "no_pubkey,no_sigdump"), entry, "certificate request")
    return {
        "version": int(text.after("Version", shown).split()[0]),
        **text.key_facts(ask(("pkey", "-pubin", "-noout", "-text"), public, "public key")),
        "subject": text.name_parts(name),
        "subject_str": name,
        "public_key": public,
        "extensions": text.extensions(shown.partition("Requested Extensions:\n")[2]),
    }


@function(replay="safe")
def read_crl(ctx: Context, crl: str) -> dict[str, Any]:
    """Return what a revocation list says; it is given as a path (PEM or DER) or as PEM text.

    CLI Example:

        shoal '*' x509.read_crl /etc/ssl/crl.pem
    """
    entry = load(crl, ("X509 CRL",), "revocation list", MAX_CRL_BYTES)
    facts = text.values(
        ask(("crl", "-noout", "-issuer", "-lastupdate", "-nextupdate", *NAMEOPT), entry, "revocation list")
    )
    shown = ask(("crl", "-noout", "-text", *NAMEOPT), entry, "revocation list", max_bytes=4 * MAX_CRL_BYTES)
    head = shown.partition("\nRevoked Certificates:")[0].partition("\nNo Revoked Certificates.")[0]
    return {
        "issuer": text.name_parts(facts["issuer"]),
        "issuer_str": facts["issuer"],
        "last_update": text.day_and_time(facts["lastupdate"]),
        "next_update": None if facts["nextupdate"] == "NONE" else text.day_and_time(facts["nextupdate"]),
        "signature_algorithm": text.after("Signature Algorithm", head),
        "extensions": text.extensions(head.partition("CRL extensions:\n")[2]),
        "revoked_certificates": text.revoked(shown),
    }
