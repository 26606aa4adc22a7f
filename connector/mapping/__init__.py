"""Mapping files: what is read, sent and written, said in YAML that an administrator edits, compiled to pure functions.

`load` reads files into `RecordMapping`s; `schema` is the shape of a file, `check` and `rehearse` say what is wrong with
one, `apply` holds what a mapping does. Nothing here talks, stores, or looks at the clock.
"""
