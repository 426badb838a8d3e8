"""Stubs of the exercises, one module a chapter: pristine, copied for the reader."""
