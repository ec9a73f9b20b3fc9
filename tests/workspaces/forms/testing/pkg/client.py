from prefect import task

from pkg.tasks import triple


@task
def request(x=1):
    return x


def send(x):
    return request.fn(x)


def fetch(x):
    return triple.fn(x)


class Client:
    def get(self, x=1):
        return request.fn(x)

    @classmethod
    def create(cls):
        return cls()

    def close(self):
        return None


def use_client():
    return Client.create().get(2)
