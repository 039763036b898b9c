"""The model card: what an array is, what it was trained on, what it reaches.

    a bundle, photographs        ->  card.json    measured: `measure`
    the runs it came from        ->  card.json    read: `training`
    card.json, the manifest      ->  README.md    `model_card` and `page`

Every figure of a card comes from `card.json`, which lies beside the results,
so that the card can be written again without the data. It holds the checksums
of the flatbuffers that were measured and does not fit another array.
`model_card.install` puts a card into a bundle; `pictures` draws what the README
and the gallery show.
"""
