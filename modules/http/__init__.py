"""Asks web servers, within bounds of time, size and place.

1. Only http and https, also behind a redirect, and each hop is checked as the first was.
2. The address that was checked is the one that is connected to. Link-local and cloud metadata addresses are
   refused unless asked for: they hold the keys of the machine's account.
3. One time limit holds for all of it, one size limit for what comes back.
4. Passwords go only to the server they were given for, and are in no error.
"""
