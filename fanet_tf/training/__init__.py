"""From a config to trained members: the only place where the two meet.

`train.train` trains every member of a config's array and resumes a stopped run;
`method.from_run` offers the members of a finished run to an evaluation;
`members` reads what a run has written. `feed/` makes the batches.
"""
