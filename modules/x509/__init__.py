"""Reads certificates, requests, revocation lists and keys, by the program openssl.

What is read may be a stranger's. It goes to openssl by stdin, in bounded size, and each thing is asked for
where nothing else could pretend to be it. A private key never comes back, in no answer and no error.
"""
