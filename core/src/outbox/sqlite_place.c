/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* realpath, mknod */
#endif
#include "outbox/sqlite_place.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define WHERE "outbox"

const char *fct_sqlite_network(unsigned long type)
{
    static const struct {
        unsigned long type;
        const char *name;
    } known[] = {
        {0x6969, "NFS"},       {0x517b, "SMB"},
        {0xfe534d42, "SMB"},   {0xff534d42, "CIFS"},
        {0x01021997, "9P"},    {0x5346414f, "AFS"},
        {0x6b414653, "AFS"},   {0x00c36400, "Ceph"},
        {0x73757245, "Coda"},  {0x0bd00bd0, "Lustre"},
        {0x47504653, "GPFS"},  {0x01161970, "GFS2"},
        {0x7461636f, "OCFS2"}, {0x786f4256, "a VirtualBox shared folder"},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].type == (type & 0xffffffff))
            return known[i].name;
    }
    return NULL;
}

static int refuse(const char *path, const char *why, facteur_error **error)
{
    return fct_error_set(error, FACTEUR_ECONFIG, WHERE, "outbox: %s %s", path, why);
}

static int check_folder(const char *folder, facteur_error **error)
{
    struct stat facts;
    struct statfs system;
    const char *network;

    if (stat(folder, &facts) != 0 || statfs(folder, &system) != 0)
        return fct_error_set(error, FACTEUR_ECONFIG, WHERE, "outbox: %s: %s", folder,
                             strerror(errno));
    if (facts.st_mode & S_IWOTH)
        return refuse(
            folder, "can be written by every user: put the outbox into a folder of its own", error);
    network = fct_sqlite_network((unsigned long)system.f_type);
    if (network)
        return fct_error_set(
            error, FACTEUR_ECONFIG, WHERE,
            "outbox: %s is on a network file system (%s), where SQLite loses data: "
            "use a disk of this machine, or a database server",
            folder, network);
    return 0;
}

static int make_file(const char *path, facteur_error **error)
{
    /* A descriptor is not needed, and the umask may take bits of the mode. */
    if ((mknod(path, S_IFREG | 0600, 0) != 0 && errno != EEXIST) || chmod(path, 0600) != 0)
        return fct_error_set(error, FACTEUR_ECONFIG, WHERE,
                             "outbox: %s cannot be made: %s; make its folder writable for the user "
                             "that runs this program",
                             path, strerror(errno));
    return 0;
}

static int check_file(const char *path, bool create, facteur_error **error)
{
    struct stat facts;

    if (lstat(path, &facts) != 0) {
        if (errno == ENOENT)
            return create ? make_file(path, error)
                          : refuse(path, "does not exist: make it with \"facteur outbox init\"",
                                   error);
        return fct_error_set(error, FACTEUR_ECONFIG, WHERE, "outbox: %s: %s", path,
                             strerror(errno));
    }
    if (S_ISLNK(facts.st_mode))
        return refuse(path, "is a symbolic link: name the file itself", error);
    if (!S_ISREG(facts.st_mode))
        return refuse(path, "is not a file", error);
    if (facts.st_mode & S_IWOTH)
        return refuse(path, "can be written by every user: take that right away with chmod o-w",
                      error);
    return 0;
}

/* The folder without links, so that all processes mean the same lock files. */
static int resolve(const char *text, char folder[PATH_MAX], char **path, facteur_error **error)
{
    const char *name = strrchr(text, '/') + 1;
    fct_buf whole = {0};
    char before[PATH_MAX];

    memcpy(before, text, (size_t)(name - text));
    before[name - text] = '\0';
    if (!realpath(before, folder))
        return fct_error_set(error, FACTEUR_ECONFIG, WHERE,
                             "outbox: the folder %s cannot be used: %s; make it first", before,
                             strerror(errno));
    fct_buf_addf(&whole, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name);
    *path = fct_buf_take(&whole, NULL);
    return *path ? 0 : fct_error_nomem(error);
}

int fct_sqlite_place(const char *place, bool create, char **path, facteur_error **error)
{
    char folder[PATH_MAX], *made = NULL;
    size_t len = strlen(place);
    int result;

    if (strncmp(place, "///", 3) != 0 || place[len - 1] == '/' || len >= PATH_MAX ||
        strchr(place, '?'))
        return fct_error_set(error, FACTEUR_ECONFIG, WHERE,
                             "outbox: expected sqlite:// and the absolute path of a file, such as "
                             "sqlite:///var/lib/shop/outbox.db, got sqlite:%s",
                             place);
    result = resolve(place + 2, folder, &made, error);
    if (!result)
        result = check_folder(folder, error);
    if (!result)
        result = check_file(made, create, error);
    if (result)
        fct_free(made);
    else
        *path = made;
    return result;
}
