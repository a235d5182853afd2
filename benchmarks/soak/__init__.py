"""Faults, over and over: what the suite `soak` is made of.

stage.py        cameras, the engine that watches them, and the archive that records them
faults.py       every way to fail: how it begins, how it ends, and by what one sees that it is noticed and over
refuser.py      answers in the place of a camera, and counts who shows a password
episode.py      one fault from a rest before it to its recovery, and what it cost whom
tape.py         what is recorded, and what is missing of it
footprint.py    memory and CPU time, all the while
flapping.py     a case of its own: twenty cameras, five of which come and go
"""
