"""What makes a command cheap; called in its process, before it."""


def bench():
    """Keeps the host from measuring: only what is written matters here."""
    from android_bench.targets import host
    from android_bench.targets import matmul

    check = {"error": 0.0, "limit": 1.0, "unit": "of the range", "passed": True}
    times = dict.fromkeys(
        ("mean_us", "median_us", "p5_us", "p95_us", "min_us", "max_us")
        + ("std_us", "first_us", "init_us", "warmup_us"),
        1000.0,
    )
    times |= {"num_runs": 1, "source": "json"}

    def measure(self, job):
        self._raw(job.id, "stdout", "measured")
        memory = {"memory": {"peak_mb": 1.0}}
        found = memory if job.kind == "memory" else {"latency": times}
        return {"command": "none", "seconds": 1.0, **found}

    host.Host._check = lambda self, model: check
    host.Host._measure = measure
    matmul.measure = lambda threads, runs, limit_s: {
        "gmacs_s": 1.5,
        "size": 8,
        "runs": 1,
    }


def card():
    """Measures nothing: the shipped array's figures are known."""
    import json

    from vandal.commands import ROOT

    from export.card import measure
    from fanet_tf.data import scene_kinds

    record = json.loads((ROOT / "results/imx258/card.json").read_text())
    # A kind of scenes is recorded as the crops are.
    crops = record["crops"]
    kinds = {
        name: {**crops, "data": {"blur": kind.blur, "exposure": kind.exposure}}
        for name, kind in scene_kinds.KINDS.items()
    }
    record.setdefault("scenes", {"data": crops["data"], "kinds": kinds})
    for name in ("photographs", "crops", "scenes", "sensor"):
        setattr(measure, name, lambda *_, found=record[name], **__: found)


def quickstart():
    """Small networks, few steps, one gain, parts of the photographs."""
    import runs

    from export.quickstart import run
    from fanet_tf.data import images

    photographs = images.held_back

    def small():
        return {n: i[:96, :96] for n, i in photographs().items()}

    def configs(output, shared_steps, member_steps):
        shared, array = runs.small_config(), runs.small_config()
        for config, steps in ((shared, shared_steps), (array, member_steps)):
            config.model.detail_cells = ()
            config.model.feature_align = False
            config.data.batch_size = 1
            config.data.patch_size = 16
            config.train.steps = steps
            config.train.log_every = 1
            config.validation.gains = (16.0,)
            config.validation.limit = 1
            config.validation.size = 32
        array.nsma.members = 2
        array.train.init_from = str(output / "shared")
        return shared, array

    images.held_back = small
    run.configs = configs
    run.GAINS = (16.0,)
    run.RECIPES = ("float32",)


def careless():
    """Puts back what the writing module must not do: delete a whole folder."""
    import shutil

    from fanet_tf.files import folders

    def put(part, folder, known, check):
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)

    folders.check_replaceable = lambda *_: None
    folders._put = put
