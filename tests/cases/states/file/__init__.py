"""Cases of the `file` states.

`salt_answers.json` is what Salt 3008.3 answered, masterless, to single states on a small folder: in a test run, in a
real one, and in both again. Data only. Where Shoal answers otherwise on purpose the case is left out, and
tests/unit/states/test_file_differences.py has the difference.
"""
