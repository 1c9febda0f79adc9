"""Packs, lists and unpacks archives: tar (gz, bz2, xz, zst), zip and single gzip files.

Nothing is left to the system's tar or unzip. An archive is a stranger's word, so it is read twice: the first
time every member is judged (`plan.py`) and within limits (`limits.py`), and only when all are fine does the
second reading write (`place.py`), always by folder descriptors and never through a link.
"""
