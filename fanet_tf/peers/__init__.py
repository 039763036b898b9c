"""Other people's networks with their published weights, to measure beside ours.

Entrance: `pmrid.method`. The weights are their authors' and stay outside of
this repository; docs/evaluation.md says where they are. Needs TensorFlow.
"""
