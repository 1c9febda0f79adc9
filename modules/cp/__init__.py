"""`cp.*`: files between the master and the box.

`files.py` brings what the master serves, `template.py` renders it first, `url.py` brings what other servers have,
`recv.py` what `shoal-cp` sends; `push.py` is the other direction. Whatever arrives is checked before it has its name,
and is whole then.
"""
