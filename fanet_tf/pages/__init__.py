"""What every HTML page is made of: frame, style, pictures and plots.

`shell.page` puts a body into one self-contained HTML file, `plots` draws lines
and scatters as SVG, `pictures.picture_uri` puts a picture inside. A page opens
from a disk or a mail without a network, in light and in dark.
"""
