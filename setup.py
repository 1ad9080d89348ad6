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

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = pathlib.Path(__file__).resolve().parent

# pkg-config module, lowest version, and the packages that bring it: Debian, RPM, Alpine
LIBRARIES = [
    ("openssl", "3.0", "libssl-dev", "openssl-devel", "openssl-dev"),
    ("libuv", "1.44", "libuv1-dev", "libuv-devel", "libuv-dev"),
    ("libcares", "1.16", "libc-ares-dev", "c-ares-devel", "c-ares-dev"),
    ("icu-i18n", "67", "libicu-dev", "libicu-devel", "icu-dev"),
    ("icu-uc", "67", "libicu-dev", "libicu-devel", "icu-dev"),
    ("jansson", "2.13", "libjansson-dev", "jansson-devel", "jansson-dev"),
    ("libxml-2.0", "2.9.10", "libxml2-dev", "libxml2-devel", "libxml2-dev"),
]


def version():
    header = (ROOT / "core/include/facteur.h").read_text(encoding="utf-8")
    return re.search(r'^#define FACTEUR_VERSION "(.+)"$', header, re.M).group(1)


def pkg_config():
    """The flags of the libraries; ends the build with what to install."""
    tool = shlex.split(os.environ.get("PKG_CONFIG", "pkg-config"))
    if not shutil.which(tool[0]):
        sys.exit("facteur: pkg-config is missing (Debian pkg-config, RPM pkgconf, Alpine pkgconf)")
    missing = [
        f"{name} >= {lowest} (Debian {debian}, RPM {rpm}, Alpine {alpine})"
        for name, lowest, debian, rpm, alpine in LIBRARIES
        if subprocess.run([*tool, f"--atleast-version={lowest}", name]).returncode
    ]
    if missing:
        sys.exit("facteur: missing libraries, install: " + "; ".join(missing))
    names = [library[0] for library in LIBRARIES]
    done = subprocess.run([*tool, "--cflags", "--libs", *names], check=True, capture_output=True, text=True)
    return shlex.split(done.stdout)


class Build(build_ext):
    """Asks for the libraries when something is built, and compiles on all cores."""

    def build_extension(self, extension):
        for flag in pkg_config():
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

    def compile_parallel(self, sources, **options):
        compile_one = type(self.compiler).compile
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        with concurrent.futures.ThreadPoolExecutor(cores) as pool:
            made = pool.map(lambda source: compile_one(self.compiler, [source], **options), sources)
            return [name for objects in made for name in objects]


# The stable ABI has no free-threaded form (before CPython 3.15): such an interpreter gets a build of its own.
stable = not sysconfig.get_config_var("Py_GIL_DISABLED")
sources = (ROOT / "core/sources.list").read_text(encoding="utf-8").split()
binding = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("bindings/python/*.c"))
readme = ROOT / "README.md"

core = Extension(
    "facteur._core",
    sources=sources + binding,
    depends=["bindings/python/binding.h", "core/include/facteur.h"],
    include_dirs=["core/include", "core/src"],
    define_macros=[("FACTEUR_API", ""), ("_GNU_SOURCE", None)] + ([("Py_LIMITED_API", "0x030b0000")] if stable else []),
    extra_compile_args=["-std=gnu11", "-fvisibility=hidden", "-pthread"],
    extra_link_args=["-pthread"],
    py_limited_api=stable,
)

setup(
    version=version(),
    long_description=readme.read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    package_dir={"": "bindings/python"},
    packages=["facteur"],
    package_data={"facteur": ["py.typed", "*.pyi"]},
    ext_modules=[core],
    cmdclass={"build_ext": Build},
    options={"build": {"build_base": "out/python"}} | ({"bdist_wheel": {"py_limited_api": "cp311"}} if stable else {}),
)
