"""What the box says of itself: read its grains, and change those of its grains file.

Finding grains out is the minion's work and not done here. `reading.py` looks at what the job was given,
`writing.py` changes the file and asks the daemon to look again.
"""
