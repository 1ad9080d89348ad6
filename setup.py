# SPDX-License-Identifier: MIT
"""Builds facteur._core: the core and the binding as one extension module, for every CPython >= 3.11."""

import concurrent.futures
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import typing

import setuptools
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = pathlib.Path(__file__).resolve().parent


class Library(typing.NamedTuple):
    """A line of core/libraries.list."""

    name: str  # pkg-config's
    lowest: str
    need: str  # "required" or "optional"
    debian: str
    rpm: str
    alpine: str
    sources: list[str]  # compiled only where this optional library is

    @property
    def macro(self):
        return "FCT_WITH_" + re.sub(r"\W", "_", self.name).upper()


def libraries():
    lines = (ROOT / "core/libraries.list").read_text(encoding="utf-8").splitlines()
    return [Library(*words[:6], words[6:]) for words in map(str.split, lines)]


def version():
    header = (ROOT / "core/include/facteur.h").read_text(encoding="utf-8")
    return re.search(r'^#define FACTEUR_VERSION "(.+)"$', header, re.M).group(1)


def pkg_config():
    """pkg-config and its options, as a list."""
    tool = shlex.split(os.environ.get("PKG_CONFIG", "pkg-config"))
    if not shutil.which(tool[0]):
        sys.exit("facteur: pkg-config is missing (Debian pkg-config, RPM pkgconf, Alpine pkgconf)")
    return tool


def find_libraries():
    """The libraries that are here, and the sources of the others; ends the build when a required one is missing.

    FACTEUR_WITHOUT in the environment names optional ones to leave out, separated by spaces.
    """
    found, left_out, missing = [], [], []
    unwanted = os.environ.get("FACTEUR_WITHOUT", "").split()
    optional = [library.name for library in libraries() if library.need == "optional"]
    for name in unwanted:
        if name not in optional:
            sys.exit(f'facteur: FACTEUR_WITHOUT names "{name}", which is not an optional library; '
                     f"there are: {' '.join(optional)}")
    for library in libraries():
        if library.name in unwanted:
            left_out += library.sources
        elif subprocess.run([*pkg_config(), f"--atleast-version={library.lowest}", library.name]).returncode == 0:
            found.append(library)
        elif library.need == "optional":
            left_out += library.sources
        else:
            missing.append(f"{library.name} >= {library.lowest} "
                           f"(Debian {library.debian}, RPM {library.rpm}, Alpine {library.alpine})")
    if missing:
        sys.exit("facteur: missing libraries, install: " + "; ".join(missing))
    return found, left_out


def flags_of(found):
    names = [library.name for library in found]
    done = subprocess.run([*pkg_config(), "--cflags", "--libs", *names], check=True, capture_output=True, text=True)
    return shlex.split(done.stdout)


class Build(build_ext):
    """Asks for the libraries when something is built, and compiles on all cores."""

    def build_extension(self, extension):
        found, left_out = find_libraries()
        extension.sources = [source for source in extension.sources if source not in left_out]
        extension.define_macros += [(library.macro, None) for library in found if library.need == "optional"]
        for flag in flags_of(found):
            if flag.startswith("-I"):
                extension.include_dirs.append(flag[2:])
            elif flag.startswith("-L"):
                extension.library_dirs.append(flag[2:])
            elif flag.startswith("-l"):
                extension.libraries.append(flag[2:])
            elif flag.startswith("-Wl,"):
                extension.extra_link_args.append(flag)
            else:
                extension.extra_compile_args.append(flag)
        self.compiler.compile = self.compile_parallel
        super().build_extension(extension)

    def get_ext_filename(self, fullname):
        """The stable ABI's module as every CPython finds it: 3.15 gives it a longer name, which earlier ones do not know."""
        return re.sub(r"\.abi3-[^.]+\.so$", ".abi3.so", super().get_ext_filename(fullname))

    def compile_parallel(self, sources, **options):
        compile_one = type(self.compiler).compile
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        with concurrent.futures.ThreadPoolExecutor(cores) as pool:
            made = pool.map(lambda source: compile_one(self.compiler, [source], **options), sources)
            return [name for objects in made for name in objects]


# setuptools < 77 does not know the field, and later ones warn of any other form (here or in pyproject.toml).
licence = "license_expression" if int(setuptools.__version__.split(".")[0]) >= 77 else "license"

# The stable ABI has no free-threaded form (before CPython 3.15): such an interpreter gets a build of its own.
stable = not sysconfig.get_config_var("Py_GIL_DISABLED")
sources = (ROOT / "core/sources.list").read_text(encoding="utf-8").split()
binding = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("bindings/python/*.c"))
readme = ROOT / "README.md"

core = Extension(
    "facteur._core",
    sources=sources + binding,
    depends=["bindings/python/binding.h", "bindings/python/delivery.h", "bindings/python/message_table.h", "core/include/facteur.h"],
    include_dirs=["core/include", "core/src"],
    define_macros=[("FACTEUR_API", ""), ("_GNU_SOURCE", None)] + ([("Py_LIMITED_API", "0x030b0000")] if stable else []),
    extra_compile_args=["-std=gnu11", "-fvisibility=hidden", "-pthread"],
    extra_link_args=["-pthread"],
    py_limited_api=stable,
)

setup(
    version=version(),
    **{licence: "MIT"},
    long_description=readme.read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    package_dir={"": "bindings/python"},
    packages=["facteur", "facteur.django", "facteur.django.migrations"],
    package_data={"facteur": ["py.typed", "*.pyi"]},
    ext_modules=[core],
    cmdclass={"build_ext": Build},
    options={"build": {"build_base": "out/python"}} | ({"bdist_wheel": {"py_limited_api": "cp311"}} if stable else {}),
)
