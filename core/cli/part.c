/* SPDX-License-Identifier: MIT */
/*
 * Just enough MIME to read messages that facteur made (RFC 2045, RFC 2046).  Boundary lines alone
 * separate the parts, nested or not, because no part's text begins with another one's boundary.
 */
#include "cli/part.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 8

struct run {
    const char *at;
    const char *end;
};

static const char *line_end(struct run run)
{
    const char *feed = memchr(run.at, '\n', (size_t)(run.end - run.at));

    return feed ? feed + 1 : run.end;
}

static bool starts(struct run run, const char *word)
{
    size_t len = strlen(word);

    return (size_t)(run.end - run.at) >= len && strncasecmp(run.at, word, len) == 0;
}

/* Where a header field's value begins; an empty line ends the header. */
static const char *header_value(struct run header, const char *name)
{
    size_t len = strlen(name);

    while (header.at < header.end && *header.at != '\r' && *header.at != '\n') {
        if (starts(header, name) && header.at + len < header.end && header.at[len] == ':') {
            const char *value = header.at + len + 1;

            while (value < header.end && (*value == ' ' || *value == '\r' || *value == '\n'))
                value++;
            return value;
        }
        header.at = line_end(header);
    }
    return NULL;
}

static const char *body_of(struct run entity)
{
    while (entity.at < entity.end) {
        const char *next = line_end(entity);

        if (*entity.at == '\r' || *entity.at == '\n')
            return next;
        entity.at = next;
    }
    return entity.end;
}

/* The next line that begins with two dashes and the boundary, or NULL. */
static const char *find_delimiter(struct run rest, struct run boundary)
{
    size_t len = (size_t)(boundary.end - boundary.at);

    while (rest.at < rest.end) {
        if ((size_t)(rest.end - rest.at) >= len + 2 && rest.at[0] == '-' && rest.at[1] == '-' &&
            memcmp(rest.at + 2, boundary.at, len) == 0)
            return rest.at;
        rest.at = line_end(rest);
    }
    return NULL;
}

/* The part between two delimiter lines; the last line break belongs to the second (RFC 2046). */
static struct run part_between(const char *delimiter, const char *next, const char *end)
{
    struct run part = {line_end((struct run){delimiter, end}), next ? next : end};

    if (next && part.end > part.at && part.end[-1] == '\n')
        part.end--;
    if (next && part.end > part.at && part.end[-1] == '\r')
        part.end--;
    return part;
}

static struct run boundary_of(const char *type, const char *end)
{
    static const char name[] = "boundary=";
    const char *at = type;

    while (at + sizeof name < end && strncasecmp(at, name, sizeof name - 1) != 0)
        at++;
    at += sizeof name - 1;
    if (at >= end)
        return (struct run){end, end};
    if (*at == '"') {
        const char *shut = memchr(at + 1, '"', (size_t)(end - at - 1));

        return (struct run){at + 1, shut ? shut : end};
    }
    return (struct run){at, at + strcspn(at, "; \r\n")};
}

static int hex(int byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static size_t undo_quoted(struct run in, char *out)
{
    size_t len = 0;

    while (in.at < in.end) {
        if (*in.at == '\r' && in.at + 1 < in.end && in.at[1] == '\n') {
            in.at++;
        } else if (*in.at == '=' && in.end - in.at > 2 && in.at[1] == '\r') {
            in.at += 3;
        } else if (*in.at == '=' && in.end - in.at > 2 && hex(in.at[1]) >= 0 &&
                   hex(in.at[2]) >= 0) {
            out[len++] = (char)(hex(in.at[1]) * 16 + hex(in.at[2]));
            in.at += 3;
        } else {
            out[len++] = *in.at++;
        }
    }
    return len;
}

static size_t undo_base64(struct run in, char *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = 0, count = 0;
    size_t len = 0;

    for (; in.at < in.end; in.at++) {
        const char *found = *in.at ? strchr(letters, *in.at) : NULL;

        if (!found)
            continue;
        bits = bits << 6 | (unsigned)(found - letters);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[len++] = (char)(bits >> count & 0xff);
        }
    }
    return len;
}

static size_t undo_line_ends(struct run in, char *out)
{
    size_t len = 0;

    for (; in.at < in.end; in.at++) {
        if (*in.at != '\r' || in.at + 1 == in.end || in.at[1] != '\n')
            out[len++] = *in.at;
    }
    return len;
}

static int decode(struct run entity, struct run body, char **text, size_t *text_len)
{
    const char *encoding = header_value(entity, "Content-Transfer-Encoding");
    struct run word = {encoding, entity.end};
    char *out = malloc((size_t)(body.end - body.at) + 1);

    if (!out)
        return -1;
    if (encoding && starts(word, "quoted-printable"))
        *text_len = undo_quoted(body, out);
    else if (encoding && starts(word, "base64"))
        *text_len = undo_line_ends((struct run){out, out + undo_base64(body, out)}, out);
    else
        *text_len = undo_line_ends(body, out);
    *text = out;
    return 1;
}

static int find(struct run entity, const char *wanted, int depth, char **text, size_t *text_len);

static int find_within(struct run body, struct run boundary, const char *wanted, int depth,
                       char **text, size_t *text_len)
{
    size_t len = (size_t)(boundary.end - boundary.at);
    const char *at = find_delimiter(body, boundary);
    int result = 0;

    while (result == 0 && at && !starts((struct run){at + 2 + len, body.end}, "--")) {
        const char *next = find_delimiter((struct run){at + 2 + len, body.end}, boundary);

        result = find(part_between(at, next, body.end), wanted, depth + 1, text, text_len);
        at = next;
    }
    return result;
}

static int find(struct run entity, const char *wanted, int depth, char **text, size_t *text_len)
{
    const char *type = header_value(entity, "Content-Type");
    struct run body = {body_of(entity), entity.end}, boundary;

    if (type ? starts((struct run){type, entity.end}, wanted) : strcmp(wanted, "text/plain") == 0)
        return decode(entity, body, text, text_len);
    if (!type || !starts((struct run){type, entity.end}, "multipart/") || depth == DEPTH_MAX)
        return 0;
    boundary = boundary_of(type, body.at);
    if (boundary.at == boundary.end)
        return 0;
    return find_within(body, boundary, wanted, depth, text, text_len);
}

int part_find(const char *bytes, size_t len, const char *type, char **text, size_t *text_len)
{
    return find((struct run){bytes, bytes + len}, type, 0, text, text_len);
}
