# SPDX-License-Identifier: MIT
"""Runs the mail tests of a Django source tree: python django_own.py TESTS [facteur], where TESTS is its folder tests.

With facteur its backend stands in for Django's SMTP backend.  Printed is JSON: how many tests ran, and of each that failed, or
whose subtest did, the exceptions.
"""

import importlib
import io
import json
import os
import pathlib
import sys
import unittest

import django
from django.conf import settings
from django.test.utils import setup_test_environment


class Failures(unittest.TextTestResult):
    """The exceptions by the test's short name."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.told = {}

    def _tell(self, test, error):
        whole = getattr(test, "test_case", test).id()
        text = " ".join(str(error[1]).split())
        self.told.setdefault(whole.removeprefix("mail."), []).append(f"{error[0].__name__}: {text}")

    def addError(self, test, err):
        self._tell(test, err)

    def addFailure(self, test, err):
        self._tell(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._tell(subtest, err)


def put_in_place():
    global InOrder  # Django finds backends by module and name
    from facteur.django import EmailBackend

    class InOrder(EmailBackend):
        """On one connection, so that mails arrive in the order in which they are sent."""

        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **{"pool_size": 1, **options})

    importlib.import_module("django.core.mail.backends.smtp").EmailBackend = InOrder


def main():
    tests, *place = sys.argv[1:]
    sys.path.insert(0, tests)
    os.environ["DJANGO_SETTINGS_MODULE"] = "test_sqlite"
    settings.INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "mail"]
    django.setup()
    if place == ["facteur"]:
        put_in_place()
    setup_test_environment()
    modules = sorted(path.stem for path in pathlib.Path(tests, "mail").glob("test*.py"))
    suite = unittest.defaultTestLoader.loadTestsFromNames([f"mail.{name}" for name in modules])
    result = unittest.TextTestRunner(stream=io.StringIO(), resultclass=Failures).run(suite)
    print(json.dumps({"run": result.testsRun, "failed": result.told}))


main()
