"""What every HTML page is made of: frame, style, tables, plots and pictures.

`shell.page` puts a body into one self-contained HTML file, `plots` draws lines,
points and bars as SVG, `tables.table` a table, `pictures.picture_uri` puts a
picture inside. A page opens from a disk or a mail without a network, in light
and in dark, and narrow plots and tables scroll by themselves.
"""
