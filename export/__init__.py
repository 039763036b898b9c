"""Exports fanet_tf models to LiteRT: trained members to a bundle.

`bundle.write` exports the array of a finished run (`fanet-export`),
`contract.check.check` checks a bundle (`fanet-export --verify`), and
`quickstart.run.run` goes the whole way on a small scale.
"""
