"""Exports fanet_tf models to LiteRT: trained members to a bundle."""
