"""Works with git repositories, by the program git, as any user of the box and never with a question asked.

1. No word from outside becomes an option: `opts` is read against a list, what begins with `-` is refused.
2. Transports: https, http, ssh, git. A local path only when it was asked for; `ext::` and its like never.
3. Names and passwords in URLs are in no error and no answer.
4. A repository of another user is touched only as that user (`user=`), or when the operator trusts it.
"""
