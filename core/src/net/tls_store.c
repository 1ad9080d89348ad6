/* SPDX-License-Identifier: MIT */
/*
 * The file has a line for each session: key, when it ends (seconds since 1970), DER in base64, and
 * a digest of these, since a session with a wrong bit would fail the handshake.  It is replaced as
 * a whole, under a lock on a second file; who finds that taken does without.
 */
#include "net/tls_store.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/private.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 262144
#define LINES_MAX 128
#define SESSIONS_EACH 8       /* kept for one key */
#define LIFETIME_MAX_S 86400U /* however long the relay would have it */
#define SETTING_FILE_MAX 1048576
#define KEY_LEN (FCT_DIGEST_TEXT - 1)

struct fct_tls_store {
    char *path, *lock_path, *new_path;
    char key[FCT_DIGEST_TEXT];
};

struct line {
    fct_slice text; /* without its end */
    fct_slice session;
    bool ours;
    bool dropped;
};

struct content {
    fct_buf bytes;
    struct line lines[LINES_MAX];
    size_t count;
    bool changed;
};

/* ---- The key ---- */

static bool read_fd(int fd, size_t max, fct_buf *bytes)
{
    char block[8192];
    ssize_t got;

    while ((got = read(fd, block, sizeof block)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || bytes->len + (size_t)got > max ||
            fct_buf_add(bytes, block, (size_t)got) != 0)
            break;
    }
    fct_wipe(block, sizeof block);
    return got == 0;
}

/* What the file says, not how it is called: authorities that changed must be asked again. */
static fct_slice content_of(const char *path, fct_buf *bytes)
{
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;

    if (fd >= 0) {
        read_fd(fd, SETTING_FILE_MAX, bytes);
        close(fd);
    }
    return (fct_slice){bytes->ptr, bytes->len};
}

static fct_slice text_of(const char *text)
{
    return text ? fct_slice_of(text) : (fct_slice){NULL, 0};
}

/* The names in a folder of authorities are links to them: another one changes the folder. */
static struct timespec changed(const char *folder)
{
    struct stat facts = {0};

    if (folder && stat(folder, &facts) != 0)
        facts = (struct stat){0};
    return facts.st_mtim;
}

static bool make_key(fct_tls_store *store, const struct fct_tls_config *config, const char *host)
{
    fct_buf ca = {0}, cert = {0};
    const char set[] = {config->name != NULL,        config->ca_file != NULL,
                        config->ca_path != NULL,     config->pin_sha256 != NULL,
                        config->client_cert != NULL, config->no_verify};
    struct timespec folder = changed(config->ca_path);
    const fct_slice parts[] = {{set, sizeof set},
                               text_of(config->identity),
                               text_of(host),
                               text_of(config->name),
                               content_of(config->ca_file, &ca),
                               text_of(config->ca_path),
                               {(const char *)&folder, sizeof folder},
                               text_of(config->pin_sha256),
                               content_of(config->client_cert, &cert)};
    bool good = fct_digest_text(parts, sizeof parts / sizeof parts[0], store->key);

    fct_buf_done(&ca);
    fct_buf_wipe(&cert); /* which may have the private key, too */
    return good;
}

/* ---- The file ---- */

static int open_private(const char *path, int flags, const char **fault)
{
    int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

    *fault = fd < 0 ? strerror(errno) : fct_private_fault(fd);
    if (!*fault)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static int lock(const fct_tls_store *store)
{
    const char *fault;
    int fd = open_private(store->lock_path, O_RDWR | O_CREAT, &fault);

    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Closing would not do when a child was made in between. */
static void unlock(int fd)
{
    flock(fd, LOCK_UN);
    close(fd);
}

static bool digest_of(const char *ptr, size_t len, char text[FCT_DIGEST_TEXT])
{
    const fct_slice part = {ptr, len};

    return fct_digest_text(&part, 1, text);
}

/* A line as we write it and whose time has not passed; anything else is left out. */
static bool parse(const fct_tls_store *store, fct_slice text, uint64_t now_s, struct line *line)
{
    char *end = NULL;
    unsigned long long until_s;
    char digest[FCT_DIGEST_TEXT];

    if (text.len < 2 * KEY_LEN + 5 || text.ptr[KEY_LEN] != ' ')
        return false;
    line->text = text;
    text.len -= KEY_LEN + 1;
    if (text.ptr[text.len] != ' ' || !digest_of(text.ptr, text.len, digest) ||
        memcmp(digest, text.ptr + text.len + 1, KEY_LEN) != 0)
        return false;
    until_s = strtoull(text.ptr + KEY_LEN + 1, &end, 10);
    if (*end != ' ' || end >= text.ptr + text.len || until_s <= now_s ||
        until_s > now_s + LIFETIME_MAX_S)
        return false;
    line->session = (fct_slice){end + 1, (size_t)(text.ptr + text.len - end - 1)};
    line->ours = memcmp(text.ptr, store->key, KEY_LEN) == 0;
    line->dropped = false;
    return true;
}

static void load(const fct_tls_store *store, struct content *content)
{
    uint64_t now_s = (uint64_t)fct_clock_date_s();
    const char *fault, *at, *end;
    int fd = open_private(store->path, O_RDONLY, &fault);

    if (fd < 0)
        return;
    if (!read_fd(fd, FILE_MAX, &content->bytes))
        fct_buf_clear(&content->bytes);
    close(fd);
    at = content->bytes.ptr;
    while (at && (end = strchr(at, '\n')) != NULL) {
        fct_slice text = {at, (size_t)(end - at)};

        if (content->count < LINES_MAX &&
            parse(store, text, now_s, &content->lines[content->count]))
            content->count++;
        else
            content->changed = true;
        at = end + 1;
    }
}

/* The oldest of ours make place for a new one, then the oldest of all. */
static void make_place(struct content *content)
{
    size_t ours = 0, all = 0;

    for (size_t i = content->count; i-- > 0;) {
        struct line *line = &content->lines[i];

        ours += line->ours;
        all++;
        if ((line->ours && ours >= SESSIONS_EACH) || all >= LINES_MAX)
            line->dropped = true;
    }
}

static bool write_all(int fd, const fct_buf *bytes)
{
    size_t done = 0;

    while (done < bytes->len) {
        ssize_t wrote = write(fd, bytes->ptr + done, bytes->len - done);

        if (wrote < 0 && errno != EINTR)
            return false;
        if (wrote > 0)
            done += (size_t)wrote;
    }
    return true;
}

/* With the lock: replace the file by the lines that are left, and `added`. */
static bool save(const fct_tls_store *store, const struct content *content, const fct_buf *added)
{
    fct_buf out = {.max = FILE_MAX};
    const char *fault;
    bool good = false;
    int fd = -1;

    for (size_t i = 0; i < content->count; i++) {
        if (!content->lines[i].dropped) {
            fct_buf_add_slice(&out, content->lines[i].text);
            fct_buf_add_char(&out, '\n');
        }
    }
    if (added)
        fct_buf_add(&out, added->ptr, added->len);
    unlink(store->new_path);
    if (!out.failed)
        fd = open_private(store->new_path, O_WRONLY | O_CREAT | O_EXCL, &fault);
    if (fd >= 0) {
        good = write_all(fd, &out);
        good = close(fd) == 0 && good && rename(store->new_path, store->path) == 0;
        if (!good)
            unlink(store->new_path);
    }
    fct_buf_wipe(&out);
    return good;
}

/* ---- Sessions ---- */

static bool make_line(const fct_tls_store *store, SSL_SESSION *session, fct_buf *line)
{
    uint64_t now_s = (uint64_t)fct_clock_date_s(),
             lifetime_s = (uint64_t)SSL_SESSION_get_timeout(session);
    char digest[FCT_DIGEST_TEXT];
    unsigned char *der = NULL;
    int len = i2d_SSL_SESSION(session, &der);

    if (lifetime_s > LIFETIME_MAX_S)
        lifetime_s = LIFETIME_MAX_S;
    if (len > 0) {
        fct_buf_addf(line, "%s %llu ", store->key, (unsigned long long)(now_s + lifetime_s));
        if (fct_buf_reserve(line, FCT_BASE64_LEN((size_t)len)) == 0)
            line->len += fct_base64_encode(line->ptr + line->len, der, (size_t)len);
        else
            line->failed = true;
        OPENSSL_clear_free(der, (size_t)len);
    }
    ERR_clear_error();
    if (len <= 0 || line->failed || !digest_of(line->ptr, line->len, digest))
        return false;
    return fct_buf_addf(line, " %s\n", digest) == 0;
}

bool fct_tls_store_put(fct_tls_store *store, SSL_SESSION *session)
{
    struct content *content = fct_calloc(1, sizeof *content);
    fct_buf line = {0};
    bool good = false;
    int locked = -1;

    if (content && make_line(store, session, &line) && (locked = lock(store)) >= 0) {
        load(store, content);
        make_place(content);
        good = save(store, content, &line);
        unlock(locked);
    }
    fct_buf_wipe(&line);
    if (content)
        fct_buf_wipe(&content->bytes);
    fct_free(content);
    return good;
}

static SSL_SESSION *decode(fct_slice text)
{
    fct_buf der = {0};
    const unsigned char *at;
    SSL_SESSION *session = NULL;

    if (fct_base64_decode(&der, text) == 0 && der.len > 0) {
        at = (const unsigned char *)der.ptr;
        session = d2i_SSL_SESSION(NULL, &at, (long)der.len);
    }
    if (session && !SSL_SESSION_is_resumable(session)) {
        SSL_SESSION_free(session);
        session = NULL;
    }
    fct_buf_wipe(&der);
    ERR_clear_error();
    return session;
}

SSL_SESSION *fct_tls_store_take(fct_tls_store *store)
{
    struct content *content = fct_calloc(1, sizeof *content);
    SSL_SESSION *session = NULL;
    int locked = content ? lock(store) : -1;

    if (locked >= 0) {
        load(store, content);
        for (size_t i = content->count; i-- > 0 && !session;) {
            struct line *line = &content->lines[i];

            if (!line->ours)
                continue;
            session = decode(line->session);
            /* Of no use, or not to be used twice (RFC 8446 appendix C.4). */
            line->dropped = !session || SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
            content->changed |= line->dropped;
        }
        /* What cannot be taken out must not be used. */
        if (content->changed && !save(store, content, NULL)) {
            SSL_SESSION_free(session);
            session = NULL;
        }
        unlock(locked);
    }
    if (content)
        fct_buf_wipe(&content->bytes);
    fct_free(content);
    return session;
}

void fct_tls_store_forget(fct_tls_store *store)
{
    struct content *content = fct_calloc(1, sizeof *content);
    int locked = content ? lock(store) : -1;

    if (locked >= 0) {
        load(store, content);
        for (size_t i = 0; i < content->count; i++) {
            content->lines[i].dropped = content->lines[i].ours;
            content->changed |= content->lines[i].ours;
        }
        if (content->changed)
            save(store, content, NULL);
        unlock(locked);
    }
    if (content)
        fct_buf_wipe(&content->bytes);
    fct_free(content);
}

/* ---- Opening ---- */

static char *with_end(const char *path, const char *end)
{
    fct_buf name = {0};

    fct_buf_add_text(&name, path);
    fct_buf_add_text(&name, end);
    return fct_buf_take(&name, NULL);
}

static int check_place(const fct_tls_store *store, facteur_error **error)
{
    const char *path = store->lock_path, *fault;
    int fd = open_private(path, O_RDWR | O_CREAT, &fault);

    if (fd >= 0) {
        close(fd);
        path = store->path;
        fd = open_private(path, O_RDONLY, &fault);
    }
    if (fd < 0 && !(path == store->path && access(path, F_OK) != 0 && errno == ENOENT))
        return fct_error_set(error, FACTEUR_ECONFIG, "tls_session_file",
                             "tls_session_file: %s cannot be used: %s", path, fault);
    if (fd >= 0)
        close(fd);
    return 0;
}

int fct_tls_store_open(const struct fct_tls_config *config, const char *host, fct_tls_store **out,
                       facteur_error **error)
{
    fct_tls_store *store = fct_calloc(1, sizeof *store);
    int result;

    if (!store)
        return fct_error_nomem(error);
    store->path = fct_strdup(config->session_file);
    store->lock_path = with_end(config->session_file, ".lock");
    store->new_path = with_end(config->session_file, ".new");
    if (!store->path || !store->lock_path || !store->new_path || !make_key(store, config, host))
        result = fct_error_nomem(error);
    else
        result = check_place(store, error);
    if (result != 0)
        fct_tls_store_free(store);
    else
        *out = store;
    return result;
}

void fct_tls_store_free(fct_tls_store *store)
{
    if (!store)
        return;
    fct_free(store->path);
    fct_free(store->lock_path);
    fct_free(store->new_path);
    fct_free(store);
}
