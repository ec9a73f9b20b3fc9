"""Containers that belong to classes and objects, and are filled while modules are imported."""

from prefect import flow


class Registry:
    _flows = {}

    @classmethod
    def register(cls, name):
        def put(f):
            cls._flows[name] = f
            return f

        return put

    @classmethod
    def get(cls, name):
        return cls._flows[name]

    @classmethod
    def all(cls):
        return list(cls._flows.values())


class Hub:
    def __init__(self):
        self.jobs = {}
        self.order = []

    def job(self, name, **options):
        def make(f):
            made = flow(name=name, **options)(f)
            self.jobs[name] = made
            self.order.append(made)
            return made

        return make

    def run(self, name):
        return self.jobs[name].fn()

    def run_all(self):
        return [job.fn() for job in self.order]


hub = Hub()


class Job:
    kinds = {}
    kind = ""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Job.kinds[cls.kind] = cls

    def run(self):
        raise NotImplementedError


class Plugin:
    found = []

    def __init_subclass__(cls):
        cls.found.append(cls)


class Step:
    def run(self):
        raise NotImplementedError


def run_steps():
    return [step().run() for step in Step.__subclasses__()]
