/* SPDX-License-Identifier: MIT */
#include "base/shortage.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define LOOK_MAX 16

bool fct_shortage_is(int cause)
{
    return cause == EMFILE || cause == ENFILE || cause == ENOMEM;
}

/* Lets a person see which limit to raise. */
static const char *limited(char text[FCT_SHORTAGE_TEXT], const char *what, const char *name,
                           int resource)
{
    struct rlimit limit;

    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        snprintf(text, FCT_SHORTAGE_TEXT, "%s", what);
    else
        snprintf(text, FCT_SHORTAGE_TEXT, "%s (%s is %llu)", what, name,
                 (unsigned long long)limit.rlim_cur);
    return text;
}

const char *fct_shortage_text(int cause, char text[FCT_SHORTAGE_TEXT])
{
    if (cause == EMFILE)
        return limited(text, "no file descriptor left", "RLIMIT_NOFILE", RLIMIT_NOFILE);
    if (cause == EAGAIN)
        return limited(text, "no thread could be started", "RLIMIT_NPROC", RLIMIT_NPROC);
    return cause == ENFILE ? "no file descriptor left on this machine (fs.file-max)"
                           : "out of memory";
}

int fct_shortage_code(int cause)
{
    return cause == EMFILE || cause == ENFILE || cause == EAGAIN ? FACTEUR_ELIMIT : FACTEUR_ENOMEM;
}

int fct_shortage_set(facteur_error **error, int cause)
{
    char text[FCT_SHORTAGE_TEXT];

    return fct_error_set(error, fct_shortage_code(cause), NULL, "%s",
                         fct_shortage_text(cause, text));
}

int fct_shortage_look(unsigned descriptors)
{
    int fds[LOOK_MAX], cause = 0;
    unsigned count = 0;

    while (!cause && count < descriptors && count < LOOK_MAX) {
        fds[count] = eventfd(0, EFD_CLOEXEC);
        if (fds[count] < 0)
            cause = errno;
        else
            count++;
    }
    while (count > 0)
        close(fds[--count]);
    return cause;
}
