"""The model card: what an array is, what it was trained on, what it reaches.

    a bundle, photographs        ->  card.json    measured: `measure`
    the runs it came from        ->  card.json    read: `training`
    card.json, the manifest      ->  README.md    `page`, put in by `model_card`

Every figure of a card comes from `card.json`, which is kept beside the results,
so that the card is written again without data. It holds the digests of the
flatbuffers that were measured and does not fit another array.
"""
