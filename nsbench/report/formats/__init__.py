"""The report as files: HTML, Markdown, LaTeX, CSV, and what the terminal shows.

`composition` puts the sections in order once, for all formats; a format only writes what it is given. Add one as a file and a
line in `format`.
"""
