/* SPDX-License-Identifier: MIT */
#include "cli/header.h"

#include "cli/fail.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* One address of a list: what is needed to add a domain. */
struct item {
    const char *insert; /* where to write the domain; NULL: it has one, or has no place for it */
    bool is_done;
};

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* The end of the quoted string or comment at `at` (RFC 5322 section 3.2): it holds no syntax. */
static const char *skip_quoted(const char *at, const char *end)
{
    char opened = *at;
    unsigned depth = 0;

    for (; at < end; at++) {
        if (*at == '\\' && at + 1 < end)
            at++;
        else if (opened == '"' && *at == '"' && depth++)
            return at;
        else if (opened == '(' && *at == '(')
            depth++;
        else if (opened == '(' && *at == ')' && --depth == 0)
            return at;
    }
    return end - 1;
}

/* Read the address that begins at `at`.  Returns where the comma after it is, or the end. */
static const char *read_item(const char *at, const char *end, struct item *item)
{
    const char *word_end = NULL;
    bool in_angle = false;

    *item = (struct item){NULL, false};
    for (; at < end && *at != ','; at++) {
        bool quoted = *at == '"' || *at == '(', comment = *at == '(';

        if (quoted)
            at = skip_quoted(at, end);
        if (comment || is_blank(*at))
            continue;
        /* A domain or a group's name gets nothing added. */
        if (!quoted && strchr("@:;", *at))
            item->is_done = true;
        if (!quoted && *at == '<') {
            in_angle = true;
            word_end = NULL;
        } else if (!quoted && *at == '>' && in_angle) {
            item->insert = word_end;
            in_angle = false;
            item->is_done = item->is_done || !word_end;
        } else {
            word_end = at + 1;
        }
    }
    if (!item->insert)
        item->insert = word_end;
    return at;
}

const char *header_address_end(const char *at, const char *end)
{
    struct item item;

    return read_item(at, end, &item);
}

void header_qualify(FILE *out, const char *list, size_t len, const char *domain)
{
    const char *end = list + len;

    while (list < end) {
        struct item item;
        const char *next = read_item(list, end, &item);
        const char *stop = next < end ? next + 1 : end;

        if (item.insert && !item.is_done) {
            fwrite(list, 1, (size_t)(item.insert - list), out);
            fprintf(out, "@%s", domain);
            list = item.insert;
        }
        fwrite(list, 1, (size_t)(stop - list), out);
        list = stop;
    }
}

/* The length of the field's name that begins the line; 0 when the line is no field. */
static size_t name_len(const char *at, const char *end)
{
    const char *colon = at;

    while (colon < end && *colon != ':' && *colon > ' ' && *colon < 0x7f)
        colon++;
    return colon < end && *colon == ':' ? (size_t)(colon - at) : 0;
}

static bool is_named(const char *at, size_t len, const char *name)
{
    return strlen(name) == len && strncasecmp(at, name, len) == 0;
}

static bool is_resent(const char *at, size_t len)
{
    return len > strlen("Resent-") && strncasecmp(at, "Resent-", strlen("Resent-")) == 0;
}

static bool holds_addresses(const char *at, size_t len)
{
    static const char *const names[] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc"};

    if (is_resent(at, len)) {
        at += strlen("Resent-");
        len -= strlen("Resent-");
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (is_named(at, len, names[i]))
            return true;
    }
    return false;
}

static const char *next_line(const char *at, const char *end)
{
    const char *feed = memchr(at, '\n', (size_t)(end - at));

    return feed ? feed + 1 : end;
}

static bool is_empty_line(const char *at, const char *end)
{
    while (at < end && *at == '\r')
        at++;
    return at < end && *at == '\n';
}

/* A blank (RFC 5322 section 2.2.3), or a CR or NUL, which the library turns into a blank. */
static bool is_continued(const char *at, const char *end)
{
    return at < end && strchr(" \t\r", *at) && !is_empty_line(at, end);
}

static const char *field_end(const char *at, const char *end)
{
    do
        at = next_line(at, end);
    while (is_continued(at, end));
    return at;
}

static void put_field(FILE *out, const char *at, const char *end, const char *domain)
{
    size_t len = name_len(at, end);

    if (!holds_addresses(at, len)) {
        fwrite(at, 1, (size_t)(end - at), out);
    } else {
        fwrite(at, 1, len + 1, out);
        header_qualify(out, at + len + 1, (size_t)(end - at) - len - 1, domain);
    }
    if (end[-1] != '\n')
        putc('\n', out);
}

/* One address per line: in one line they could exceed its limit (RFC 5322 section 2.1.1). */
static void put_bcc(FILE *out, const char *name, const char *list)
{
    const char *end = list + strlen(list);

    fprintf(out, "%s:", name);
    while (list < end) {
        const char *stop = header_address_end(list, end);
        const char *next = stop < end ? stop + 1 : end;

        fprintf(out, " %.*s\n", (int)(next - list), list);
        list = next;
    }
}

static const char *dot_line(const char *at, const char *end)
{
    for (; at < end; at = next_line(at, end)) {
        size_t rest = (size_t)(end - at);

        if (*at == '.' && (rest == 1 || at[1] == '\n' || (rest > 2 && memcmp(at, ".\r\n", 3) == 0)))
            return at;
    }
    return end;
}

int header_complete(const char *text, size_t len, const struct header_rules *rules, char **out,
                    size_t *out_len)
{
    FILE *made = open_memstream(out, out_len);
    const char *at = text, *end = rules->dot_ends ? dot_line(text, text + len) : text + len;
    const char *bcc = rules->bcc; /* not yet written */
    bool has_from = false;

    if (!made)
        return fail_nomem();
    /* The first line of a message from a mailbox file is no field. */
    if (end - at > 5 && memcmp(at, "From ", 5) == 0)
        at = next_line(at, end);
    while (at < end && name_len(at, end)) {
        const char *next = field_end(at, end);

        has_from = has_from || is_named(at, name_len(at, end), "From");
        /* A resent message goes only to the readers that its first Resent block names. */
        if (bcc && is_resent(at, name_len(at, end))) {
            put_bcc(made, "Resent-Bcc", bcc);
            bcc = NULL;
        }
        put_field(made, at, next, rules->domain);
        at = next;
    }
    if (!has_from)
        fprintf(made, "From: %s\n", rules->from);
    if (bcc)
        put_bcc(made, "Bcc", bcc);
    /* Text that does not begin with a field is all body. */
    if (!is_empty_line(at, end))
        putc('\n', made);
    fwrite(at, 1, (size_t)(end - at), made);
    if (fclose(made) == 0)
        return 0;
    free(*out);
    return fail_nomem();
}
