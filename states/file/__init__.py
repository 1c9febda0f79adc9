"""The `file` states: each reads what is there, and plans the change with its way back.

1. A content that changes is planned as one `file.put`, whatever it came from: the new content, or where it is, with
   the digest of what must be there. Its way back is `file.put` of what was kept.
2. What goes away is planned as `file.take_away`, its way back is `file.bring_back`.
3. What cannot be known yet (a folder or user that an earlier state makes) is no failure of a plan: the step says so.

Comments and changes are Salt's; where they are not, docs/salt-differences.md says why.
"""
