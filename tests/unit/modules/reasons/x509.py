"""Examples of `x509` that are not run."""

_NO_SUCH = "the file of the example is not on this box"

NOT_RUN = {
    f"x509.{name}": _NO_SUCH
    for name in (
        *("expired", "expires", "get_pem_entry", "read_certificate", "read_crl", "read_csr"),
        *("read_private_key", "verify_signature", "will_expire"),
    )
}
