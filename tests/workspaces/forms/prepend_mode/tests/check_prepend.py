import steps


def check_the_folder_comes_first():
    assert steps.beside_the_tests.fn()


class CheckIt:
    def check_in_a_class(self):
        assert steps.beside_the_tests.fn()

    def helper(self):
        return steps.nothing
