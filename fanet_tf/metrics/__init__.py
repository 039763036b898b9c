"""How close a denoised image is to the clean one."""
