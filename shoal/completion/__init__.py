"""What a shell may complete on a program's command line.

A shell's function asks the program itself (`shoal --complete SHELL …`), and its own option parser answers: so a new
option is completed without anybody writing it down twice.

    scripts.py          what `--completion bash|zsh|fish` prints: the few lines that make a shell ask
    answer.py           a shell's question, and the answer in the form that the shell reads
    candidates.py       what may stand at a place of a command line
    line.py             bash's line as words
    function_names.py   names of functions and runners, written by scripts/generate_docs.py

Nothing here is imported by a program that was not asked by a shell.
"""
