/* SPDX-License-Identifier: MIT */
#include "mime/content.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void fct_content_done(fct_content *content)
{
    for (size_t i = 0; i < content->file_count; i++)
        fct_free(content->files[i].path);
    fct_free(content->files);
    fct_buf_done(&content->bytes);
    *content = (fct_content){0};
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

int fct_content_add_file(fct_content *content, const char *path)
{
    struct fct_file file = {.at = content->bytes.len};
    int fd = fct_file_open(path, &file.facts);

    if (fd < 0)
        return FACTEUR_EIO;
    close(fd);
    if (content->file_count == content->file_cap) {
        size_t cap = content->file_cap ? content->file_cap * 2 : 4;
        struct fct_file *grown = fct_reallocarray(content->files, cap, sizeof *grown);

        if (!grown)
            return FACTEUR_ENOMEM;
        content->files = grown;
        content->file_cap = cap;
    }
    file.path = fct_strdup(path);
    if (!file.path)
        return FACTEUR_ENOMEM;
    content->files[content->file_count++] = file;
    return 0;
}
