"""How good a denoised frame is: PSNR, SSIM and LPIPS, in RAW and in sRGB.

Plain numpy and OpenCV; importing this package imports no TensorFlow. Images
are `[height, width, channels]` in 0..1, and the data range is always 1: in RAW
from black to white level, in sRGB from 0 to 255.
"""
