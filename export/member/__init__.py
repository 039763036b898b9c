"""One trained network to its flatbuffers, recipe by recipe, through two gates.

`recipes` names the number formats, `context.ExportContext` holds what they
share, and `write.write` converts, checks and saves a member.
"""
