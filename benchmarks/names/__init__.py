"""
Names of our own making, to learn from and to measure with other names than those attested.

`python -m benchmarks.names SET FOLDER` writes a folder of names as the maker of registers reads it.
"""
