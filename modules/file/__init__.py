"""`file.*`: files, folders and links of the box, each in a file of this folder that is named after its noun.

1. Paths are absolute, `~` and `~user` are expanded. Names are UTF-8; any other character is allowed in them.
2. A change of content writes a new file beside the old one and renames it over: readers see the old or the new
   content, never a part. Owner, mode and extended attributes are kept; a hard link elsewhere keeps the old content.
3. A write through a link keeps the link and changes what it leads to. Functions on the names themselves (`remove`,
   `move`, `lstat`, `lchown`, links) do not follow; every other function does, unless its docstring says otherwise.
   A write follows the link of another user only to what is that user's (`modules/way.py`).
4. FIFOs, devices and sockets are neither read nor written, and never waited for.
"""
