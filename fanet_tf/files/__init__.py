"""RAW files in and out; needs no TensorFlow.

raw_image   RawImage: one frame, its levels, colours and metadata
reader      any file -> RawImage          writer   RawImage -> any file
dng         Bayer DNG writing             tiff     the tag structure of TIFF
decode      LibRaw in a child process     dump     headerless RAW10/12/16
render      RawImage -> sRGB              atomic   written beside, renamed
"""
