/* SPDX-License-Identifier: MIT */
#include "base/private.h"

#include "base/error.h"
#include "base/shortage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "facteur-%lu" /* with the user's number */
#define ENTRIES_MAX 100000 /* of a directory that are looked at */

/* The session's own directory, as its specification wants it: absolute, and this user's alone. */
static bool is_own_dir(const char *path)
{
    struct stat facts;

    return path && path[0] == '/' && stat(path, &facts) == 0 && S_ISDIR(facts.st_mode) &&
           facts.st_uid == geteuid() && (facts.st_mode & 077) == 0;
}

static const char *fault_of(int fd, mode_t kind)
{
    struct stat facts;

    if (fstat(fd, &facts) != 0)
        return strerror(errno);
    if ((facts.st_mode & S_IFMT) != kind)
        return kind == S_IFDIR ? "is not a directory" : "is not a regular file";
    if (facts.st_uid != geteuid())
        return "belongs to another user";
    return facts.st_mode & 077 ? "is open to other users" : NULL;
}

const char *fct_private_fault(int fd)
{
    return fault_of(fd, S_IFREG);
}

/* ---- Places ---------------------------------------------------------------------------------- */

/* What is wrong with a place: with errno, or 0 for what others did there. */
struct fault {
    char path[PATH_MAX];
    char text[96];
    int cause;
};

static int fail(struct fault *fault, int cause, const char *text)
{
    fault->cause = cause;
    snprintf(fault->text, sizeof fault->text, "%s", text);
    return -1;
}

/* A path that does not fit is no place. */
__attribute__((format(printf, 3, 4))) static int name_place(struct fault *fault, const char *base,
                                                            const char *format, ...)
{
    size_t len = (size_t)snprintf(fault->path, sizeof fault->path, "%s/", base);
    va_list args;

    if (len < sizeof fault->path) {
        va_start(args, format);
        len += (size_t)vsnprintf(fault->path + len, sizeof fault->path - len, format, args);
        va_end(args);
    }
    return len < sizeof fault->path ? 0 : fail(fault, ENAMETOOLONG, strerror(ENAMETOOLONG));
}

static int open_own(struct fault *fault)
{
    const char *wrong;
    char text[64];
    int fd;

    if (mkdir(fault->path, 0700) != 0 && errno != EEXIST)
        return fail(fault, errno, strerror(errno));
    fd = open(fault->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        return fail(fault, 0, "it is not a directory");
    if (fd < 0)
        return fail(fault, errno, strerror(errno));
    wrong = fault_of(fd, S_IFDIR);
    if (!wrong)
        return fd;
    close(fd);
    snprintf(text, sizeof text, "it %s", wrong);
    return fail(fault, 0, text);
}

/* All processes of this user must find the same one: the first by its name. */
static bool find_random(const char *base, char found[NAME_MAX + 1])
{
    DIR *dir = opendir(base);
    char prefix[64];
    size_t len = (size_t)snprintf(prefix, sizeof prefix, NAME ".", (unsigned long)geteuid());
    struct dirent *entry;
    struct stat facts;

    found[0] = '\0';
    for (int i = 0; dir && i < ENTRIES_MAX && (entry = readdir(dir)) != NULL; i++) {
        if (strncmp(entry->d_name, prefix, len) == 0 &&
            fstatat(dirfd(dir), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISDIR(facts.st_mode) && facts.st_uid == geteuid() && !(facts.st_mode & 077) &&
            (!found[0] || strcmp(entry->d_name, found) < 0))
            snprintf(found, NAME_MAX + 1, "%s", entry->d_name);
    }
    if (dir)
        closedir(dir);
    return found[0] != '\0';
}

/* The name that others know was taken by one of them, so one that they could not know. */
static int open_random(const char *base, struct fault *fault)
{
    char made[PATH_MAX], found[NAME_MAX + 1];

    if (!find_random(base, found)) {
        snprintf(made, sizeof made, "%s/" NAME ".XXXXXX", base, (unsigned long)geteuid());
        if (!mkdtemp(made))
            return fail(fault, errno, strerror(errno));
        /* Another process of this user may have made one in the same moment. */
        if (!find_random(base, found))
            return fail(fault, errno, strerror(errno));
    }
    return name_place(fault, base, "%s", found) ? -1 : open_own(fault);
}

static int open_below(const char *base, struct fault *fault)
{
    struct fault random;
    int fd;

    if (name_place(fault, base, NAME, (unsigned long)geteuid()))
        return -1;
    fd = open_own(fault);
    if (fd >= 0 || fault->cause)
        return fd;
    fd = open_random(base, &random);
    if (fd < 0)
        fault->cause = random.cause;
    return fd;
}

static int refuse(const char *option, int code, const struct fault *fault, facteur_error **error)
{
    if (fct_shortage_is(fault->cause))
        return fct_shortage_set(error, fault->cause);
    return fct_error_set(error, code, option, "%s: %s cannot be used: %s", option, fault->path,
                         fault->text);
}

int fct_private_dir(const char *option, facteur_error **error)
{
    const char *session = getenv("XDG_RUNTIME_DIR"), *set = getenv("TMPDIR");
    const char *const bases[] = {"/tmp", set && set[0] == '/' ? set : NULL, "/var/tmp", "/dev/shm"};
    struct fault first, other;
    int fd = -1;

    if (is_own_dir(session)) {
        if (name_place(&first, session, "facteur") == 0)
            fd = open_own(&first);
        /* Nobody else can have put anything there; but nothing can be made on a full disk. */
        if (fd >= 0 || !first.cause || fct_shortage_is(first.cause))
            return fd >= 0 ? fd : refuse(option, FACTEUR_ECONFIG, &first, error);
    }
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        struct fault *fault = i == 0 ? &first : &other;

        fd = bases[i] ? open_below(bases[i], fault) : -1;
        if (fd >= 0)
            return fd;
        if (bases[i] && fct_shortage_is(fault->cause))
            return refuse(option, FACTEUR_EIO, fault, error);
    }
    return refuse(option, FACTEUR_EIO, &first, error);
}
