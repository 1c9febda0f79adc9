"""Certificates, keys, requests and revocation lists are read as they are; private keys never come back."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.context import Context
from modules.x509 import certificate as certificates
from modules.x509 import pem, text
from modules.x509.certificate import (
    expired,
    expires,
    read_certificate,
    verification,
    verify_signature,
    will_expire,
)
from modules.x509.others import get_pem_entries, get_pem_entry, read_crl, read_csr, read_private_key
from shoal.errors import ArgumentError, ModuleError, UnavailableError

SUBJECT = '/C=DE/O=A, "B" \\+ C/OU=one/OU=two/CN=a\\=b äö'
ALGORITHMS = {
    "rsa": ["-newkey", "rsa:2048"],
    "ec": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
    "ed25519": ["-newkey", "ed25519"],
}


def openssl(folder: Path, *words: str) -> str:
    done = subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CA of each kind of key, certificates signed by them, a request and revocation lists."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    folder = tmp_path_factory.mktemp("x509")
    for kind, words in ALGORITHMS.items():
        made = ("-nodes", "-keyout", f"{kind}.key", "-out", f"{kind}.pem", "-days", "30", "-utf8")
        more = (
            "-addext",
            "subjectAltName=DNS:a.example,IP:127.0.0.1",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        )
        openssl(folder, "req", "-x509", *words, *made, "-subj", SUBJECT, *more)
    asked = (
        "-subj",
        "/CN=leaf",
        "-addext",
        "subjectAltName=DNS:leaf.example",
        "-addext",
        "extendedKeyUsage=serverAuth",
    )
    openssl(
        folder, "req", "-new", *ALGORITHMS["ec"], "-nodes", "-keyout", "leaf.key", "-out", "leaf.csr", *asked
    )
    for kind in ALGORITHMS:
        signed = ("-CA", f"{kind}.pem", "-CAkey", f"{kind}.key", "-set_serial", "0x0abc", "-days", "10")
        openssl(folder, "x509", "-req", "-in", "leaf.csr", *signed, "-out", f"leaf-{kind}.pem")
    openssl(folder, "x509", "-in", "rsa.pem", "-outform", "DER", "-out", "rsa.der")
    openssl(folder, "pkey", "-in", "rsa.key", "-aes256", "-passout", "pass:geheim", "-out", "locked.key")
    openssl(
        folder,
        "rsa",
        "-in",
        "rsa.key",
        "-aes128",
        "-traditional",
        "-passout",
        "pass:geheim",
        "-out",
        "old.key",
    )
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=10\n"
        "crl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\n"
    )
    (folder / "index.txt").write_text("")
    (folder / "number").write_text("05\n")
    ca = ("ca", "-config", "ca.cnf", "-keyfile", "rsa.key", "-cert", "rsa.pem")
    openssl(folder, *ca, "-gencrl", "-out", "empty.crl")
    openssl(folder, *ca, "-revoke", "leaf-rsa.pem", "-crl_reason", "keyCompromise")
    openssl(folder, *ca, "-gencrl", "-out", "full.crl")
    return folder


def test_certificate_says_everything(ctx: Context, box: Path) -> None:
    found = read_certificate(ctx, str(box / "rsa.pem"))
    assert found["version"] == 3
    assert (found["key_type"], found["key_size"]) == ("rsa", 2048)
    assert found["subject"] == {"C": "DE", "O": 'A, "B" + C', "OU": ["one", "two"], "CN": "a=b äö"}
    assert found["issuer"] == found["subject"]
    assert found["issuer_hash"] == found["subject_hash"]
    assert len(found["subject_hash"]) == 8
    printed = openssl(box, "x509", "-in", "rsa.pem", "-noout", "-fingerprint", "-sha256", "-serial")
    assert f"={found['fingerprints']['sha256']}\n" in printed
    assert f"serial={found['serial_number'].replace(':', '')}\n" in printed
    assert f"={found['fingerprints']['sha1']}\n" in openssl(
        box, "x509", "-in", "rsa.pem", "-noout", "-fingerprint", "-sha1"
    )
    assert found["extensions"]["subjectAltName"] == {
        "value": "DNS:a.example, IP Address:127.0.0.1",
        "critical": False,
    }
    assert found["extensions"]["keyUsage"] == {"value": "Certificate Sign, CRL Sign", "critical": True}
    assert found["extensions"]["basicConstraints"] == {"value": "CA:TRUE", "critical": True}
    assert found["signature_algorithm"] == "sha256WithRSAEncryption"
    assert found["public_key"].startswith("-----BEGIN PUBLIC KEY-----\n")
    span = (text_time(found["not_after"]) - text_time(found["not_before"])) / 86400
    assert span == 30
    assert abs(text_time(found["not_before"]) - time.time()) < 3600


def text_time(value: str) -> float:
    import calendar

    return calendar.timegm(time.strptime(value, "%Y-%m-%d %H:%M:%S"))


def test_path_der_and_text_say_the_same(ctx: Context, box: Path) -> None:
    expected = read_certificate(ctx, str(box / "rsa.pem"))
    assert read_certificate(ctx, str(box / "rsa.der")) == expected
    assert read_certificate(ctx, (box / "rsa.pem").read_text()) == expected
    assert read_certificate(ctx, (box / "rsa.key").read_text() + (box / "rsa.pem").read_text()) == expected


@pytest.mark.parametrize(("kind", "size"), [("rsa", 2048), ("ec", 256), ("ed25519", 256)])
def test_kind_and_size_of_keys(ctx: Context, box: Path, kind: str, size: int) -> None:
    found = read_certificate(ctx, str(box / f"{kind}.pem"))
    assert (found["key_type"], found["key_size"]) == (kind, size)
    key = read_private_key(ctx, str(box / f"{kind}.key"))
    assert key == {"key_type": kind, "key_size": size, "encrypted": False, "public_key": found["public_key"]}


def test_time_of_expiry(ctx: Context, box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(box / "leaf-rsa.pem")
    assert expires(ctx, path) is False
    assert (expires(ctx, path, days=9), expires(ctx, path, days=10)) == (False, True)
    assert expired(ctx, path) == {"path": path, "cn": "leaf", "expired": False}
    assert will_expire(ctx, path, 11) == {"path": path, "check_days": 11, "cn": "leaf", "will_expire": True}
    later = time.time() + 11 * 86400
    monkeypatch.setattr(certificates, "_now", lambda: later)
    assert expired(ctx, Path(path).read_text()) == {"cn": "leaf", "expired": True}
    assert expires(ctx, path) is True


@pytest.mark.parametrize("kind", list(ALGORITHMS))
def test_signature_is_checked(ctx: Context, box: Path, kind: str) -> None:
    leaf, ca = str(box / f"leaf-{kind}.pem"), str(box / f"{kind}.pem")
    assert verify_signature(ctx, leaf, ca) is True
    assert verify_signature(ctx, ca) is True
    assert verify_signature(ctx, leaf) is False
    assert verify_signature(ctx, leaf, read_certificate(ctx, ca)["public_key"]) is True
    for other in set(ALGORITHMS) - {kind}:
        assert verify_signature(ctx, leaf, str(box / f"{other}.pem")) is False


def test_changed_certificate_has_no_good_signature(ctx: Context, box: Path) -> None:
    der = pem.to_der((box / "leaf-rsa.pem").read_text())
    changed = pem.from_der(der.replace(b"leaf", b"loaf"), "CERTIFICATE")
    assert read_certificate(ctx, changed)["subject"] == {"CN": "loaf"}
    assert verify_signature(ctx, changed, str(box / "rsa.pem")) is False


def test_signature_of_an_unknown_kind_is_told() -> None:
    files = {"key": "/k", "signature": "/s", "body": "/b"}
    assert verification("ecdsa-with-SHA384", files)[:2] == ("dgst", "-sha384")
    assert verification("ED25519", files)[0] == "pkeyutl"
    for method in ("rsassaPss", "md5WithRSAEncryption", "", "sha256 -sign"):
        with pytest.raises(ModuleError, match="cannot be checked here"):
            verification(method, files)


def test_private_key_never_comes_back(ctx: Context, box: Path) -> None:
    secret = "".join((box / "rsa.key").read_text().splitlines()[1:-1])
    for name in ("locked.key", "old.key"):
        found = read_private_key(ctx, str(box / name), passphrase="geheim")
        assert (found["key_type"], found["key_size"], found["encrypted"]) == ("rsa", 2048, True)
        assert secret[40:80] not in str(found).replace("\\n", "")
        for wrong in ("", "hush"):
            with pytest.raises(ModuleError, match="passphrase does not fit") as refused:
                read_private_key(ctx, str(box / name), passphrase=wrong)
            assert "hush" not in str(refused.value)
    with pytest.raises(ModuleError, match="is a private key, which is not returned"):
        get_pem_entry(ctx, str(box / "rsa.key"))
    with pytest.raises(ModuleError, match="cannot be read") as damaged:
        read_private_key(ctx, "-----BEGIN PRIVATE KEY-----\nU0VDUkVU\n-----END PRIVATE KEY-----")
    assert "U0VDUkVU" not in str(damaged.value)


def test_request_says_what_it_asks_for(ctx: Context, box: Path) -> None:
    found = read_csr(ctx, str(box / "leaf.csr"))
    assert found.pop("public_key").startswith("-----BEGIN PUBLIC KEY-----")
    assert found == {
        "version": 1,
        "key_type": "ec",
        "key_size": 256,
        "subject": {"CN": "leaf"},
        "subject_str": "CN=leaf",
        "extensions": {
            "subjectAltName": {"value": "DNS:leaf.example", "critical": False},
            "extendedKeyUsage": {"value": "TLS Web Server Authentication", "critical": False},
        },
    }


def test_revocation_list_says_what_is_revoked(ctx: Context, box: Path) -> None:
    found = read_crl(ctx, str(box / "full.crl"))
    assert found["issuer"]["CN"] == "a=b äö"
    assert found["extensions"]["cRLNumber"]["value"] == "6"
    assert found["signature_algorithm"] == "sha256WithRSAEncryption"
    assert list(found["revoked_certificates"]) == ["0A:BC"]
    revoked = found["revoked_certificates"]["0A:BC"]
    assert revoked["extensions"] == {"CRLReason": {"value": "Key Compromise", "critical": False}}
    assert abs(text_time(revoked["revocation_date"]) - time.time()) < 3600
    assert text_time(found["next_update"]) - text_time(found["last_update"]) == 10 * 86400
    assert read_crl(ctx, str(box / "empty.crl"))["revoked_certificates"] == {}


def test_entries_are_found_and_made_tidy(ctx: Context, box: Path, tmp_path: Path) -> None:
    tidy = (box / "ec.pem").read_text()
    ragged = "junk\n" + tidy.replace("\n", " \r\n  ") + "\n-----BEGIN X-----\nno end"
    assert get_pem_entry(ctx, ragged) == tidy
    both = (box / "ec.key").read_text() + tidy
    assert get_pem_entry(ctx, both, pem_type="CERTIFICATE") == tidy
    with pytest.raises(ModuleError, match="no PEM entry of type X"):
        get_pem_entry(ctx, both, pem_type="X")
    for name in ("b.crt", "a.crt"):
        (tmp_path / name).write_text(tidy)
    (tmp_path / "c.crt").write_text("no entry")
    (tmp_path / "d.crt").write_text((box / "ec.key").read_text())
    assert get_pem_entries(ctx, f"{tmp_path}/*.crt") == {str(tmp_path / n): tidy for n in ("a.crt", "b.crt")}


def test_what_is_none_is_told(ctx: Context, box: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nTUFN\n-----END CERTIFICATE-----\n")
    with pytest.raises(ModuleError, match="no certificate that openssl can read"):
        read_certificate(ctx, str(broken))
    with pytest.raises(ModuleError, match="no certificate in PEM form"):
        read_certificate(ctx, str(box / "rsa.key"))
    with pytest.raises(ModuleError, match="No such file"):
        read_certificate(ctx, "/no/such")
    with pytest.raises(ModuleError, match="no regular file"):
        read_certificate(ctx, "/dev/zero")
    with pytest.raises(ModuleError, match=r"no regular file|cannot be read"):
        read_certificate(ctx, str(tmp_path))
    with pytest.raises(ArgumentError, match="absolute path"):
        read_certificate(ctx, "-engine")
    (tmp_path / "long").write_bytes(b" " * (1024 * 1024 + 1))
    with pytest.raises(ModuleError, match="longer than"):
        read_certificate(ctx, str(tmp_path / "long"))


def test_box_without_openssl_is_told(
    ctx: Context, box: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="no program openssl"):
        read_certificate(ctx, str(box / "rsa.pem"))


def test_name_that_looks_like_another_line_stays_a_name(ctx: Context, tmp_path: Path, box: Path) -> None:
    (tmp_path / "c.cnf").write_text(
        "[req]\ndistinguished_name=d\nprompt=no\n[d]\nCN=x\\nnotAfter=Jan  1 00:00:00 2099 GMT\n"
    )
    made = ("-nodes", "-keyout", "k", "-out", "c.pem", "-days", "1", "-config", "c.cnf")
    openssl(tmp_path, "req", "-x509", *ALGORITHMS["ec"], *made)
    found = read_certificate(ctx, str(tmp_path / "c.pem"))
    assert found["subject"]["CN"] == "x\nnotAfter=Jan  1 00:00:00 2099 GMT"
    assert not found["not_after"].startswith("2099")


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Nov 25 14:21:26 2026 GMT", "2026-11-25 14:21:26"),
        ("Jan  1 00:00:00 1950 GMT", "1950-01-01 00:00:00"),
        ("Dec 31 23:59:59 9999 GMT", "9999-12-31 23:59:59"),
    ],
)
def test_dates(date: str, expected: str) -> None:
    assert text.day_and_time(date) == expected


def test_date_that_is_none_is_told() -> None:
    for date in ("", "Bad time value", "Foo 25 14:21:26 2026 GMT"):
        with pytest.raises(ModuleError, match="a date that cannot be read"):
            text.seconds(date)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CN=a,O=b", {"O": "b", "CN": "a"}),
        (r"CN=a\,b\=c\+d", {"CN": "a,b=c+d"}),
        (r"CN=\C3\A4\0A,OU=2,OU=1", {"OU": ["1", "2"], "CN": "ä\n"}),
        ("CN=a+UID=b", {"UID": "b", "CN": "a"}),
        ("", {}),
    ],
)
def test_names(name: str, expected: dict[str, Any]) -> None:
    assert text.name_parts(name) == expected


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("RSA Public-Key: (2048 bit)\nModulus:\n", {"key_type": "rsa", "key_size": 2048}),  # openssl 1.1.1
        ("Public-Key: (4096 bit)\nModulus:\n", {"key_type": "rsa", "key_size": 4096}),
        ("Public-Key: (384 bit)\npub:\nASN1 OID: secp384r1\n", {"key_type": "ec", "key_size": 384}),
        ("ED448 Public-Key:\npub:\n", {"key_type": "ed448", "key_size": 456}),
    ],
)
def test_facts_of_a_key(printed: str, expected: dict[str, Any]) -> None:
    assert text.key_facts(printed) == expected


def test_certificate_that_is_cut_apart_wrongly_is_refused(box: Path) -> None:
    der = pem.to_der((box / "ec.pem").read_text())
    body, signature = pem.signed_parts(der)
    assert body in der
    assert signature in der
    for broken in (
        b"",
        b"\x30",
        der[:-1],
        der + b"\0",
        b"\x30\x80" + der[2:],
        b"\x30\x84\xff\xff\xff\xff" + der[4:],
    ):
        with pytest.raises(ModuleError, match="damaged"):
            pem.signed_parts(broken)


def test_words_of_a_command_line_arrive(ask: Callable[[str], Any], box: Path) -> None:
    assert ask(f"x509.expires {box}/leaf-ec.pem days=30") is True
