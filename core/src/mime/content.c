/* SPDX-License-Identifier: MIT */
#include "mime/content.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/shortage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void fct_content_done(fct_content *content)
{
    for (size_t i = 0; i < content->file_count; i++) {
        fct_free(content->files[i].path);
        fct_spool_unref(content->files[i].spool);
    }
    fct_free(content->files);
    if (content->lender)
        fct_raw_unref(content->lender);
    else
        fct_buf_done(&content->bytes);
    *content = (fct_content){0};
}

fct_slice fct_content_head(const fct_content *content)
{
    fct_slice head = {content->bytes.ptr,
                      content->file_count ? content->files[0].at : content->bytes.len};
    const char *end = head.len ? memmem(head.ptr, head.len, "\r\n\r\n", 4) : NULL;

    if (end)
        head.len = (size_t)(end - head.ptr) + 2;
    return head;
}

int fct_file_open(const char *path, struct stat *facts)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), saved;

    if (fd < 0)
        return -1;
    if (fstat(fd, facts) == 0 && S_ISREG(facts->st_mode))
        return fd;
    saved = S_ISDIR(facts->st_mode) ? EISDIR : EINVAL;
    close(fd);
    errno = saved;
    return -1;
}

int fct_file_refuse(const char *path, facteur_error **error)
{
    return fct_error_set(error, FACTEUR_EIO, "attachments", "cannot read \"%s\": %s", path,
                         errno == EINVAL ? "not a regular file" : strerror(errno));
}

ssize_t fct_file_read(int fd, char *bytes, size_t max)
{
    size_t len = 0;

    while (len < max) {
        ssize_t got = read(fd, bytes + len, max - len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

/* `path` is copied; it is NULL for a spool. */
static int add_file(fct_content *content, struct fct_file file, const char *path)
{
    if (content->file_count == content->file_cap) {
        size_t cap = content->file_cap ? content->file_cap * 2 : 4;
        struct fct_file *grown = fct_reallocarray(content->files, cap, sizeof *grown);

        if (!grown)
            return FACTEUR_ENOMEM;
        content->files = grown;
        content->file_cap = cap;
    }
    file.path = path ? fct_strdup(path) : NULL;
    if (path && !file.path)
        return FACTEUR_ENOMEM;
    if (file.spool)
        fct_spool_ref(file.spool);
    content->files[content->file_count++] = file;
    return 0;
}

int fct_content_add_file(fct_content *content, const char *path)
{
    struct fct_file file = {.at = content->bytes.len};
    int fd = fct_file_open(path, &file.facts);

    if (fd < 0)
        return fct_shortage_is(errno) ? fct_shortage_code(errno) : FACTEUR_EIO;
    close(fd);
    file.size = (uint64_t)file.facts.st_size;
    return add_file(content, file, path);
}

int fct_content_add_spool(fct_content *content, fct_spool *spool)
{
    struct fct_file file = {
        .at = content->bytes.len, .spool = spool, .size = fct_spool_size(spool)};

    return add_file(content, file, NULL);
}

int fct_content_append(fct_content *content, const fct_content *from, size_t start)
{
    size_t base = content->bytes.len;
    int err = fct_buf_add(&content->bytes, from->bytes.ptr + start, from->bytes.len - start);

    for (size_t i = 0; !err && i < from->file_count; i++) {
        struct fct_file file = from->files[i];

        file.at = base + file.at - start;
        err = add_file(content, file, from->files[i].path);
    }
    return err;
}
