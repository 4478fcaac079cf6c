"""Records: how an output was made, written into it, so that it can be made again.

record.py     Record, the value and its text
making.py     write the records of a run
carried.py    read and check the record that a file carries
again.py      prepare to make an output again from its record
meaning.py    keep what a record means when defaults change
verdict.py    decide whether the pixels are the same, or why not
compared.py   decide whether two files show the same pixels
differing.py  write the differences between two records
telling.py    write a record for people
places.py     write the path to a file from a picture, and find the file again
"""
