# SPDX-License-Identifier: MIT
"""Builds facteur and installs the peers, all into one folder; nothing of the system is changed."""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent.parent
DEBIAN = ["libphp-phpmailer", "php-symfony-mailer", "php-symfony-event-dispatcher", "php-symfony-event-dispatcher-contracts",
          "php-symfony-mime", "php-symfony-service-contracts", "php-symfony-deprecation-contracts", "php-email-validator",
          "php-doctrine-lexer", "php-doctrine-deprecations", "php-psr-container", "php-psr-event-dispatcher", "php-psr-log"]
PYPI = ["django", "aiosmtplib", "gunicorn"]
QUEUES = ["django-post-office", "django-tasks", "django-tasks-db"]
NPM = ["nodemailer"]
SOURCES = ["core", "bindings", "ext", "scripts", "setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE",
           "config.m4", "meson.build", "meson_options.txt"]


class Failed(Exception):
    """One step did not work; the message says which and why."""


def run(step, *command, cwd=None, env=None):
    try:
        done = subprocess.run([str(part) for part in command], cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except FileNotFoundError:
        raise Failed(f"{step}: {command[0]} is not installed") from None
    if done.returncode:
        raise Failed(f"{step}: {' '.join(map(str, command))}\n{done.stdout[-2000:]}")
    return done.stdout


def fingerprint(source):
    digest = hashlib.sha256()
    for name in SOURCES:
        root = source / name
        for file in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if file.is_file() and file.suffix in ("", ".c", ".h", ".py", ".list", ".m4", ".build", ".json", ".mustache", ".toml"):
                digest.update(f"{file.relative_to(source)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


class Installation:
    """Where everything is.  `missing` maps a peer's runtime to why it cannot run."""

    def __init__(self, folder, source, say):
        self.folder, self.source, self.say, self.missing = folder, source, say, {}
        self.bin, self.python = folder / "bin", folder / "venv/bin/python"
        self.php_extension = folder / "php/modules/facteur.so"
        self.certificate, self.key = folder / "certificate.pem", folder / "key.pem"
        self.debian, self.npm, self.work = folder / "debian", folder / "npm", folder / "work"
        self.build = folder / "build"

    def raw_bytes(self, size):
        return (self.work / size / "order.eml").stat().st_size

    def all(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.step("tools", self.tools)
        for name, step in (("facteur", self.facteur), ("python", self.pypi), ("php", self.php_packages),
                           ("node", self.node), ("libcurl", self.libcurl), ("rust", self.rust), ("go", self.go)):
            try:
                self.step(name, step)
            except (Failed, OSError) as error:
                if name == "facteur":
                    raise
                self.missing[name] = str(error).splitlines()[0]
                self.say(f"{name}: skipped, {self.missing[name]}\n")
        if not shutil.which("smtp-source"):
            self.missing["smtp-source"] = "Postfix's smtp-source is not installed"

    def step(self, name, work):
        self.say(f"preparing: {name}")
        work()

    def tools(self):
        run("the bench's programs", "make", "-s", "-C", BENCH, f"OUT={self.bin.resolve()}")
        if not self.certificate.exists():
            run("certificate", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "365", "-subj", "/CN=localhost", "-addext",
                "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:10.99.0.2", "-keyout", self.key, "-out", self.certificate)

    def facteur(self):
        self.core()
        pip, mark = self.folder / "venv/bin/pip", self.folder / "bindings.sha256"
        self.venv()
        if not (mark.exists() and mark.read_text() == self.built):
            run("pip", pip, "install", "-q", "--disable-pip-version-check", "--no-build-isolation", "--no-deps", "--force-reinstall",
                self.folder / "source")
            run("build-php", self.folder / "source/scripts/build-php", self.folder / "php")
            mark.write_text(self.built)

    def venv(self):
        if not (self.folder / "venv/bin/pip").exists():
            run("venv", sys.executable, "-m", "venv", self.folder / "venv")
            run("PyPI", self.folder / "venv/bin/pip", "install", "-q", "--disable-pip-version-check", "setuptools>=77", "wheel")

    def core(self):
        """The library, of a copy: a source that changes meanwhile does not matter, and is not written to."""
        mark, copy = self.folder / "core.sha256", self.folder / "source"
        self.built = fingerprint(self.source)
        if not (mark.exists() and mark.read_text() == self.built):
            self.copy(copy)
            if not (self.build / "build.ninja").exists():
                run("meson", "meson", "setup", self.build, copy, "--buildtype=release", "-Dtests=false")
            run("ninja", "ninja", "-C", self.build)
            mark.write_text(self.built)
        self.programs(copy)

    def programs(self, source):
        """Ours from C: a peer with the library; count.c with the layers below the public header, and what the library needs."""
        flags = ["-O2", "-g", "-std=gnu11", "-D_GNU_SOURCE", "-I", source / "core/include"]
        run("facteur_peer.c", "cc", *flags, "-o", self.bin / "facteur_peer", BENCH / "peers/facteur_peer.c",
            "-L", self.build, "-lfacteur", f"-Wl,-rpath,{self.build.resolve()}")
        run("outbox_peer.c", "cc", *flags, "-o", self.bin / "outbox_peer", BENCH / "peers/outbox_peer.c",
            "-L", self.build, "-lfacteur", f"-Wl,-rpath,{self.build.resolve()}")
        needed = re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "readelf", "-d", self.build / "libfacteur.so"))
        run("count.c", "cc", *flags, "-I", source / "core/src", "-I", BENCH, "-o", self.bin / "count", BENCH / "count.c",
            "-Wl,--start-group", *sorted(self.build.glob("libfct_*.a")), "-Wl,--end-group", *(f"-l:{name}" for name in needed))

    def copy(self, copy):
        """Times are kept, so that make and ninja build what changed."""
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        leave = shutil.ignore_patterns("*.egg-info", "__pycache__", "*.so")
        for name in SOURCES:
            from_ = self.source / name
            if from_.is_dir():
                shutil.copytree(from_, copy / name, ignore=leave)
            elif from_.exists():
                shutil.copy2(from_, copy / name)

    def pypi(self):
        pip = self.folder / "venv/bin/pip"
        have = run("PyPI", pip, "list", "--disable-pip-version-check").lower()
        if any(not re.search(rf"^{name} ", have, re.M) for name in PYPI):
            run("PyPI", pip, "install", "-q", "--disable-pip-version-check", *PYPI)

    def queues(self):
        """What only bench/outbox needs."""
        run("busy_peer.c", "cc", "-O2", "-std=gnu11", "-D_GNU_SOURCE", "-o", self.bin / "busy_peer", BENCH / "peers/busy_peer.c", "-lsqlite3")
        self.venv()
        run("PyPI", self.folder / "venv/bin/pip", "install", "-q", "--disable-pip-version-check", *QUEUES)

    def unpack(self, packages):
        """Debian's packages without installing them."""
        archives = self.folder / "archives"
        archives.mkdir(exist_ok=True)
        for name in packages:
            if not any(archives.glob(f"{name}_*.deb")):
                run("Debian", "apt-get", "download", "-qq", name, cwd=archives)
            run("Debian", "dpkg", "-x", next(archives.glob(f"{name}_*.deb")), self.debian)

    def php_packages(self):
        if not shutil.which("php"):
            raise Failed("php is not installed")
        if not (self.debian / "usr/share/php/Symfony/Component/Mailer").exists():
            version = run("php", "php", "-n", "-r", "echo PHP_MAJOR_VERSION, '.', PHP_MINOR_VERSION;")
            self.unpack([*DEBIAN, f"php{version}-mbstring", f"php{version}-intl"])

    def php_command(self):
        """PHP with nothing but what the peers need, the same for all of them."""
        modules = sorted((self.debian / "usr/lib/php").glob("*/*.so"))
        wanted = [*(module.resolve() for module in modules if module.stem in ("mbstring", "intl")), self.php_extension.resolve()]
        system = pathlib.Path(run("php", "php", "-n", "-r", "echo PHP_EXTENSION_DIR;"))
        wanted += [system / f"{name}.so" for name in ("ctype", "iconv") if (system / f"{name}.so").exists()]
        flags = [part for module in wanted for part in ("-d", f"extension={module}")]
        # PHP's own limit of 128 MB would end PHPMailer with a large attachment before it could be measured.
        return ["php", "-n", *flags, "-d", "memory_limit=-1", "-d", f"include_path={(self.debian / 'usr/share/php').resolve()}"]

    def node(self):
        if not shutil.which("npm"):
            raise Failed("npm is not installed")
        if not (self.npm / "node_modules/nodemailer").exists():
            self.npm.mkdir(exist_ok=True)
            run("npm", "npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", self.npm, *NPM)

    def toolchain(self, program, *folders):
        """Its path, also where its own installer puts it and no PATH names it."""
        found = shutil.which(program, path=os.pathsep.join([os.environ.get("PATH", ""), *map(os.path.expanduser, folders)]))
        if not found:
            raise Failed(f"{program} is not installed")
        return found

    def rust(self):
        cargo, folder = self.toolchain("cargo", "~/.cargo/bin"), self.copied_peer("lettre")
        run("cargo", cargo, "build", "--release", "--quiet", cwd=folder,
            env={"PATH": f"{os.path.dirname(cargo)}{os.pathsep}{os.environ.get('PATH', '')}"})
        shutil.copy2(folder / "target/release/lettre_peer", self.bin / "lettre_peer")

    def go(self):
        go, folder = self.toolchain("go", "/usr/local/go/bin"), self.copied_peer("go-mail")
        if "go-mail" not in (folder / "go.mod").read_text():
            run("go", go, "get", "github.com/wneessen/go-mail@latest", cwd=folder)
        run("go", go, "build", "-o", self.bin.resolve() / "go_mail_peer", ".", cwd=folder)

    def copied_peer(self, name):
        """A peer with a build of its own is built outside of the source; what it was built with stays."""
        folder = self.folder / name
        for file in (BENCH / "peers" / name).rglob("*"):
            copy = folder / file.relative_to(BENCH / "peers" / name)
            if file.is_file() and not (copy.exists() and copy.stat().st_mtime >= file.stat().st_mtime):
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
        return folder

    def libcurl(self):
        library = next(pathlib.Path("/usr/lib").glob("*/libcurl.so.4"), None)
        if library is None:
            raise Failed("libcurl.so.4 is not installed")
        headers = next(pathlib.Path("/usr/include").rglob("curl/curl.h"), None)
        if headers is None:
            self.unpack(["libcurl4-openssl-dev"])
            headers = next((self.debian / "usr/include").rglob("curl/curl.h"))
        run("libcurl_peer.c", "cc", "-O2", "-std=gnu11", "-D_GNU_SOURCE", "-I", headers.parent.parent, "-o",
            self.bin / "libcurl_peer", BENCH / "peers/libcurl_peer.c", library)
