"""Keys of ssh on the box: who may log in, which hosts are known, which keys there are.

Files of a user go through `user_file`, which a link in a hostile home does not lead astray. What goes wrong is a
failed job, not the answer `fail` or `invalid`.
"""
