"""Trained arrays that ship with the package.

`imx258/` is the bundle that `fanet-denoise` uses unless told otherwise;
`imx258_keras/` is the run it was exported from: Keras members and config.
`imx258_large/` is the bundle of a larger network, for a computer; its run is
`results/imx258/large`.
"""
