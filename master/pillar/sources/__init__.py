"""Where pillar comes from beside SLS files: `ext_pillar` in the master's configuration, and nowhere else.

A source is told the box's id and tags. It blocks, so it runs in a thread of its own (`master/pillar/service.py`).
"""
