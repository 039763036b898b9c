"""Trained arrays that ship with the package.

`imx258/` is the bundle that `fanet-denoise` uses unless told otherwise;
`imx258_keras/` has the Keras members it was exported from.
"""
