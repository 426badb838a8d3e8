"""The code of the book: one module a chapter, and what the chapters share."""
