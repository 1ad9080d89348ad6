# SPDX-License-Identifier: MIT
"""Database servers of the tests' own: in a folder and on a port of loopback that nobody else has, never the system's.

As a program: databases.py KIND COMMAND … runs the command with FCT_STORE_URL, the URL of an empty outbox's database.
"""
import glob
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PASSWORD = "s3cret-of-the-tests"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server that runs inside a with statement.  kill() and start() are for tests of what is lost and comes back."""

    user = ""  # who runs it when root runs the tests: database servers refuse to be root

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="facteur-database-", dir="/tmp"))
        self.port = free_port()
        self.process = None
        self.log = self.folder / "server.log"
        self.account = pwd.getpwnam(self.user) if os.geteuid() == 0 else None
        self.log.touch()
        for path in (self.folder, self.log):
            if self.account:
                os.chown(path, self.account.pw_uid, self.account.pw_gid)

    def identity(self):
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []} if self.account else {}

    def run(self, *command, **more):
        done = subprocess.run([*map(str, command)], cwd=self.folder, text=True, stdin=subprocess.DEVNULL, capture_output=True,
                              **self.identity(), **more)
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*map(str, self.command())], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, **self.identity())
        end = time.monotonic() + 60
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{type(self).__name__} does not start: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def kill(self):
        """As a crash of the machine would end it."""
        self.end(signal.SIGKILL)

    def end(self, number=None):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number or self.good_end)
            self.process.wait(60)
        self.after_end()
        self.process = None

    def after_end(self):
        pass

    def __enter__(self):
        try:
            self.make()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)


class Postgresql(Server):
    title = "PostgreSQL"
    numbers = "sequence"  # what gives fences
    user = "postgres"
    good_end = signal.SIGINT  # at once, and whole

    @property
    def url(self):
        return f"postgresql://facteur:{PASSWORD}@127.0.0.1:{self.port}/shop"

    def program(self, name):
        found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]))
        return found[-1] if found else name

    def make(self):
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        if self.account:
            os.chown(secret, self.account.pw_uid, self.account.pw_gid)
        self.run(self.program("initdb"), "-D", self.folder / "data", "-U", "facteur", "-A", "scram-sha-256", "--pwfile", secret,
                 "-E", "UTF8", "--locale", "C", "--no-sync")

    def command(self):
        return [self.program("postgres"), "-D", self.folder / "data", "-p", self.port, "-k", self.folder, "-h", "127.0.0.1",
                "-c", "max_connections=60", "-c", "shared_buffers=32MB", "-c", "fsync=on"]

    def client(self, sql, database="shop"):
        return self.run(self.program("psql"), "-h", "127.0.0.1", "-p", self.port, "-U", "facteur", "-d", database, "-qAtX",
                        "-v", "ON_ERROR_STOP=1", "-c", sql, env={**os.environ, "PGPASSWORD": PASSWORD}).strip()

    def answers(self):
        try:
            if self.client("SELECT count(*) FROM pg_database WHERE datname = 'shop'", "postgres") == "0":
                self.client("CREATE DATABASE shop", "postgres")
            return True
        except RuntimeError:
            return False

    def after_end(self):
        """A killed postmaster leaves children, which end as soon as they see it, and its lock file."""
        pid = self.folder / "data/postmaster.pid"
        while self.process and pid.exists() and self.has_children():
            time.sleep(0.02)

    def has_children(self):
        """Whether a process still has the server's shared memory."""
        for path in glob.glob("/proc/[0-9]*/cwd"):
            try:
                if os.readlink(path) == str(self.folder / "data"):
                    return True
            except OSError:
                pass
        return False


class Mariadb(Server):
    title = "MariaDB"
    numbers = "table"
    user = "mysql"
    good_end = signal.SIGTERM

    @property
    def url(self):
        return f"mysql://facteur:{PASSWORD}@127.0.0.1:{self.port}/shop"

    def make(self):
        self.run("mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data", "--auth-root-authentication-method=normal",
                 "--skip-test-db")
        first = self.folder / "first.sql"
        first.write_text(f"CREATE DATABASE IF NOT EXISTS shop;\n"
                         f"CREATE USER IF NOT EXISTS facteur@'%' IDENTIFIED BY '{PASSWORD}';\n"
                         f"GRANT ALL ON *.* TO facteur@'%';\n")

    def command(self):
        return ["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={self.folder}/data", f"--port={self.port}",
                "--bind-address=127.0.0.1", f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid",
                f"--init-file={self.folder}/first.sql", "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=32M",
                "--innodb-flush-log-at-trx-commit=1"]

    def client(self, sql):
        return self.run("mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", self.port, "-u", "facteur", "-N", "-B", "-e", sql,
                        "shop", env={**os.environ, "MYSQL_PWD": PASSWORD}).strip()

    def answers(self):
        try:
            self.client("SELECT 1")
            return True
        except RuntimeError:
            return False


KINDS = {"postgresql": Postgresql, "mariadb": Mariadb}


def main():
    kind, *command = sys.argv[1:]
    with KINDS[kind]() as server:
        return subprocess.run(command, env={**os.environ, "FCT_STORE_URL": server.url}).returncode


if __name__ == "__main__":
    sys.exit(main())
