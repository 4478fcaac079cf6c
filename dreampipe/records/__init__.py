"""How an output was made, written into it, and made once more.

record.py     Record, the value and its text
making.py     the records of a run
carried.py    the record that a file carries, checked
again.py      from a record to what makes it once more
verdict.py    whether its pixels are the same, or why not
compared.py   whether two files show the same
telling.py    a record for people
places.py     the way to a file from a picture
"""
