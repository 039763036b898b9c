"""What a bundle promises, and the check that it keeps the promise.

The manifest's schema, the checksums of the files, the golden tile that every
runtime must reproduce, the selector of a member and its code for apps, and the
quality gate. `check.check` is `fanet-export --verify`, `quality.Gate` measures
what a recipe loses, and `selector.select` turns a gain into a member's inputs.
The check needs no TensorFlow.
"""
